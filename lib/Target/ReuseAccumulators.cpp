//===- ReuseAccumulators.cpp - sums in place ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_REUSEACCUMULATORS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// If `value` is a result of a `linalg.generic` with a fresh destination and
/// reads `carried` at the place where it writes, writes over `carried`.
void reuse(Value value, BlockArgument carried) {
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (!generic || carried.getType() != value.getType())
    return;
  auto number = cast<OpResult>(value).getResultNumber();
  OpOperand *init = generic.getDpsInitOperand(number);
  if (!init->get().getDefiningOp<tensor::EmptyOp>() ||
      generic.payloadUsesValueFromOperand(init))
    return;
  AffineMap map = generic.getMatchingIndexingMap(init);
  if (!map.isPermutation())
    return;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    if (input->get() != carried)
      continue;
    if (generic.getMatchingIndexingMap(input) != map)
      return;
    generic.getMatchingBlockArgument(input).replaceAllUsesWith(
        generic.getMatchingBlockArgument(init));
    init->set(carried);
  }
}

struct ReuseAccumulators : vi::impl::ReuseAccumulatorsBase<ReuseAccumulators> {
  void runOnOperation() override {
    getOperation()->walk([](scf::ForOp loop) {
      for (auto [carried, next] :
           llvm::zip(loop.getRegionIterArgs(), loop.getYieldedValues()))
        if (isa<RankedTensorType>(carried.getType()))
          reuse(next, carried);
    });
  }
};

} // namespace
