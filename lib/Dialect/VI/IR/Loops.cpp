//===- Loops.cpp - loops as repetitions of sites -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Loops.h"

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

SmallVector<Operation *> vi::getRepetitions(Operation *op) {
  SmallVector<Operation *> repetitions;
  for (Operation *parent = op->getParentOp(); parent;
       parent = parent->getParentOp())
    if (isa<PlateOp, scf::ForOp>(parent))
      repetitions.push_back(parent);
  std::reverse(repetitions.begin(), repetitions.end());
  return repetitions;
}

/// A number of a loop as an index.
static Value toIndex(ImplicitLocOpBuilder &builder, Value number) {
  if (number.getType().isIndex())
    return number;
  return builder.createOrFold<arith::IndexCastOp>(builder.getIndexType(),
                                                  number);
}

Value vi::buildTripCount(ImplicitLocOpBuilder &builder, Value lower,
                         Value upper, Value step) {
  Value count = upper;
  if (!isConstantIntValue(lower, 0))
    count = builder.createOrFold<arith::SubIOp>(upper, lower);
  if (!isConstantIntValue(step, 1))
    count = builder.createOrFold<arith::CeilDivSIOp>(count, step);
  count = toIndex(builder, count);
  std::optional<int64_t> constant = getConstantIntValue(count);
  if (count.getDefiningOp<tensor::DimOp>() || (constant && *constant >= 0))
    return count;
  return builder.createOrFold<arith::MaxSIOp>(
      count, arith::ConstantIndexOp::create(builder, 0));
}

Value vi::buildIterationNumber(ImplicitLocOpBuilder &builder, scf::ForOp loop) {
  Value number = loop.getInductionVar();
  if (!isConstantIntValue(loop.getLowerBound(), 0))
    number = arith::SubIOp::create(builder, number, loop.getLowerBound());
  if (!isConstantIntValue(loop.getStep(), 1))
    number = arith::DivSIOp::create(builder, number, loop.getStep());
  return toIndex(builder, number);
}
