//===- AllowContraction.cpp - fused multiply-add --------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_ALLOWCONTRACTION
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

struct AllowContraction : vi::impl::AllowContractionBase<AllowContraction> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op))
        return;
      auto flags = cast<arith::ArithFastMathInterface>(op);
      arith::FastMathFlags old = flags.getFastMathFlagsAttr().getValue();
      op->setAttr(flags.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(
                      op->getContext(), old | arith::FastMathFlags::contract));
    });
  }
};

} // namespace
