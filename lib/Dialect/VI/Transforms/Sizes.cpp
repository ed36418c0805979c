//===- Sizes.cpp - sizes of tensors, known earlier ------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "vi/Dialect/VI/IR/VI.h"

using namespace mlir;

/// Whether `value`, computed in a loop from the carried `argument`, has the
/// shape of `argument`.
static bool hasShapeOf(Value value, BlockArgument argument) {
  if (value == argument ||
      cast<RankedTensorType>(value.getType()).hasStaticShape())
    return true;
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return false;
  Operation *op = result.getOwner();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return hasShapeOf(destination.getTiedOpOperand(result)->get(), argument);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return hasShapeOf(loop.getTiedLoopInit(result)->get(), argument) &&
           hasShapeOf(loop.getTiedLoopYieldedValue(
                              loop.getTiedLoopRegionIterArg(result))
                          ->get(),
                      loop.getTiedLoopRegionIterArg(result));
  if (auto plate = dyn_cast<vi::PlateOp>(op))
    return result.getResultNumber() < plate.getSums().size() &&
           hasShapeOf(plate.getInits()[result.getResultNumber()], argument);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return hasShapeOf(branch.thenYield().getOperand(result.getResultNumber()),
                      argument) &&
           hasShapeOf(branch.elseYield().getOperand(result.getResultNumber()),
                      argument);
  if (OpTrait::hasElementwiseMappableTraits(op) ||
      isa<tensor::CastOp, vi::TriangularSolveOp, vi::CholeskyOp,
          vi::CholeskyAdjointOp>(op))
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      return isa<RankedTensorType>(operand.getType()) &&
             hasShapeOf(operand, argument);
    });
  return false;
}

Value vi::SizeBuilder::getSize(Value value, int64_t dim) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return {};
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim));
  if (isAvailable(value))
    return tensor::DimOp::create(builder, loc, value, dim);

  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (auto plate = dyn_cast<vi::PlateOp>(parent)) {
      unsigned number = argument.getArgNumber(),
               slices = plate.getSlices().size();
      return number <= slices
                 ? getSize(plate.getSlices()[number - 1], dim + 1)
                 : getSize(plate.getInits()[number - 1 - slices], dim);
    }
    auto loop = dyn_cast<scf::ForOp>(parent);
    if (!loop ||
        !hasShapeOf(loop.getTiedLoopYieldedValue(argument)->get(), argument))
      return {};
    return getSize(loop.getTiedLoopInit(argument)->get(), dim);
  }

  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (auto plate = dyn_cast<vi::PlateOp>(op)) {
    unsigned number = result.getResultNumber(), sums = plate.getSums().size();
    if (number < sums)
      return getSize(plate.getInits()[number], dim);
    if (dim == 0)
      return getIndex(plate.getCount());
    return getSize(plate.getYield().getValues()[number - sums], dim - 1);
  }
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    if (!hasShapeOf(
            loop.getTiedLoopYieldedValue(loop.getTiedLoopRegionIterArg(result))
                ->get(),
            loop.getTiedLoopRegionIterArg(result)))
      return {};
    return getSize(loop.getTiedLoopInit(result)->get(), dim);
  }
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return getSize(destination.getTiedOpOperand(result)->get(), dim);
  if (auto solve = dyn_cast<vi::TriangularSolveOp>(op))
    return getSize(solve.getRhs(), dim);
  if (auto factor = dyn_cast<vi::CholeskyOp>(op))
    return getSize(factor.getMatrix(), dim);
  if (auto adjoint = dyn_cast<vi::CholeskyAdjointOp>(op))
    return getSize(adjoint.getFactor(), dim);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return getSize(cast.getSource(), dim);
  if (OpTrait::hasElementwiseMappableTraits(op)) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        if (Value size = getSize(operand, dim))
          return size;
    return {};
  }
  if (auto shaped = dyn_cast<ReifyRankedShapedTypeOpInterface>(op)) {
    // The sizes are built beside the op, and computed again where wanted.
    ReifiedRankedShapedTypeDims sizes;
    OpBuilder beside(op->getContext());
    beside.setInsertionPointAfter(op);
    if (failed(shaped.reifyResultShapes(beside, sizes)))
      return {};
    return getIndex(sizes[result.getResultNumber()][dim]);
  }
  return {};
}

Value vi::SizeBuilder::getIndex(OpFoldResult value) {
  if (auto attr = dyn_cast<Attribute>(value))
    return arith::ConstantIndexOp::create(builder, loc,
                                          cast<IntegerAttr>(attr).getInt());
  return getIndex(cast<Value>(value));
}

Value vi::SizeBuilder::getIndex(Value value) {
  if (isAvailable(value))
    return value;
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  if (auto size = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> dim = size.getConstantIndex();
    return dim ? getSize(size.getSource(), *dim) : Value();
  }
  if (op->getNumRegions() || !isMemoryEffectFree(op))
    return {};
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    if (!operand.getType().isIntOrIndex()) {
      // A count read from the data.
      if (!isAvailable(operand))
        return {};
      continue;
    }
    Value known = getIndex(operand);
    if (!known)
      return {};
    mapping.map(operand, known);
  }
  return builder.clone(*op, mapping)
      ->getResult(cast<OpResult>(value).getResultNumber());
}
