//===- SplatToFill.cpp - tensors of one repeated value --------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_SPLATTOFILL
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

struct SplatToFill : vi::impl::SplatToFillBase<SplatToFill> {
  void runOnOperation() override {
    getOperation()->walk([](tensor::SplatOp splat) {
      OpBuilder builder(splat);
      Location loc = splat.getLoc();
      Value empty = tensor::EmptyOp::create(builder, loc, splat.getType(),
                                            splat.getDynamicSizes());
      auto fill = linalg::FillOp::create(builder, loc, splat.getInput(), empty);
      splat->replaceAllUsesWith(fill);
      splat->erase();
    });
  }
};

} // namespace
