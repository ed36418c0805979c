//===- VerifyFreestanding.cpp - no calls of the C library -----------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_VERIFYFREESTANDING
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

struct VerifyFreestanding
    : vi::impl::VerifyFreestandingBase<VerifyFreestanding> {
  void runOnOperation() override {
    bool failed = false;
    getOperation()->walk([&](Operation *op) {
      if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) ||
          isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
              math::CountLeadingZerosOp, math::CountTrailingZerosOp,
              math::CtPopOp, math::FloorOp, math::FmaOp, math::IsFiniteOp,
              math::IsNaNOp, math::RoundEvenOp, math::SqrtOp, math::TruncOp>(
              op))
        return;
      op->emitError("freestanding code cannot compute '")
          << op->getName() << "', a function of the C library";
      failed = true;
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
