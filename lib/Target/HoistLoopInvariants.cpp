//===- HoistLoopInvariants.cpp - once instead of in each iteration --------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "vi/Analysis/Speculation.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_HOISTLOOPINVARIANTS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {
struct HoistLoopInvariants
    : vi::impl::HoistLoopInvariantsBase<HoistLoopInvariants> {
  void runOnOperation() override {
    // Inner loops first, so that what leaves one can leave the next.
    getOperation()->walk([](LoopLikeOpInterface loop) {
      moveLoopInvariantCode(
          loop.getLoopRegions(),
          [&](Value value, Region *) {
            return loop.isDefinedOutsideOfLoop(value);
          },
          [](Operation *op, Region *) { return vi::isSafeToSpeculate(op); },
          [&](Operation *op, Region *) { loop.moveOutOfLoop(op); });
    });
  }
};
} // namespace
