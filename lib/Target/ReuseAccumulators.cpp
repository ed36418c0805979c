//===- ReuseAccumulators.cpp - sums in place ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
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

/// Whether `value` is a fresh tensor filled with a scalar.
linalg::LinalgOp getFill(Value value) {
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumDpsInits() != 1 || op->getNumResults() != 1 ||
      !op.getDpsInits().front().getDefiningOp<tensor::EmptyOp>() ||
      op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
    return {};
  for (Value input : op.getDpsInputs())
    if (isa<ShapedType>(input.getType()))
      return {};
  return op;
}

/// Gives `operand`, which is going to be written, a filled tensor of its own:
/// a shared one, or one filled in front of a loop, would have to be copied.
void separate(OpOperand &operand) {
  OpBuilder builder(operand.getOwner());
  Location loc = operand.getOwner()->getLoc();
  // A constant is read-only memory.
  DenseElementsAttr constant;
  if (matchPattern(operand.get(), m_Constant(&constant)) &&
      constant.isSplat()) {
    auto type = cast<RankedTensorType>(constant.getType());
    Value element = arith::ConstantOp::create(
        builder, loc, cast<TypedAttr>(constant.getSplatValue<Attribute>()));
    Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                          type.getElementType());
    operand.set(
        linalg::FillOp::create(builder, loc, element, empty).getResult(0));
    return;
  }
  linalg::LinalgOp fill = getFill(operand.get());
  if (!fill ||
      (fill->hasOneUse() && fill->getBlock() == operand.getOwner()->getBlock()))
    return;
  Operation *empty = builder.clone(*fill.getDpsInits().front().getDefiningOp());
  Operation *own = builder.clone(*fill);
  cast<DestinationStyleOpInterface>(own).getDpsInitsMutable()[0].set(
      empty->getResult(0));
  operand.set(own->getResult(0));
}

struct ReuseAccumulators : vi::impl::ReuseAccumulatorsBase<ReuseAccumulators> {
  void runOnOperation() override {
    getOperation()->walk([](scf::ForOp loop) {
      for (auto [carried, next] :
           llvm::zip(loop.getRegionIterArgs(), loop.getYieldedValues()))
        if (isa<RankedTensorType>(carried.getType()))
          reuse(next, carried);
    });
    SmallVector<OpOperand *> written;
    getOperation()->walk([&](Operation *op) {
      if (auto destination = dyn_cast<DestinationStyleOpInterface>(op)) {
        for (OpOperand &init : destination.getDpsInitsMutable())
          if (isa<RankedTensorType>(init.get().getType()))
            written.push_back(&init);
      } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
        for (OpOperand &init : loop.getInitArgsMutable())
          if (isa<RankedTensorType>(init.get().getType()))
            written.push_back(&init);
      }
    });
    for (OpOperand *operand : written)
      separate(*operand);
  }
};

} // namespace
