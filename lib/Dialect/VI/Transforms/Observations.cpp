//===- Observations.cpp - where a model's observations are -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/Observations.h"

#include "vi/Dialect/VI/IR/Loops.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace vi;

/// A plate that counts, for each member of the outermost plate of `nest`, the
/// iterations inside. Its results are their sum and their stack; nothing where
/// they depend on more than `mapping` gives.
static PlateOp buildCountingPlate(OpBuilder &builder,
                                  ArrayRef<Operation *> nest,
                                  IRMapping &mapping) {
  auto plate = dyn_cast<PlateOp>(nest.front());
  Value count = plate ? buildSize(builder, plate.getCount(), mapping) : Value();
  if (!count)
    return nullptr;
  Location loc = plate.getLoc();
  // The slices that the counts may depend on.
  SmallVector<Value> slices, arguments;
  for (auto [slice, argument] :
       llvm::zip(plate.getSlices(), plate.getMemberArguments())) {
    Value value = buildSize(builder, slice, mapping);
    if (!value)
      continue;
    slices.push_back(value);
    arguments.push_back(argument);
  }
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  auto counting = PlateOp::create(
      builder, loc, plate.getName(), count, Value(), Value(), slices, zero,
      PlateOp::getStackType(builder.getIndexType(), plate.getStaticCount()));
  IRMapping inner = mapping;
  inner.map(plate.getIndex(), counting.getIndex());
  for (auto [argument, member] :
       llvm::zip(arguments, counting.getMemberArguments()))
    inner.map(argument, member);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(counting.getBlock());
  Value number = buildIterationCount(builder, nest.drop_front(), inner);
  if (!number) {
    counting.erase();
    return nullptr;
  }
  Value next = arith::AddIOp::create(
      builder, loc, counting.getSumArguments().front(), number);
  YieldOp::create(builder, loc, next, number);
  return counting;
}

Value vi::buildIterationCount(OpBuilder &builder, ArrayRef<Operation *> nest,
                              IRMapping &mapping) {
  if (nest.size() == 1)
    return buildRepetitionCount(builder, nest.front(), mapping);
  PlateOp counting = buildCountingPlate(builder, nest, mapping);
  return counting ? counting.getSums().front() : Value();
}

std::pair<Value, Value> vi::buildIterationOffsets(OpBuilder &builder,
                                                  ArrayRef<Operation *> nest,
                                                  IRMapping &mapping) {
  PlateOp counting = buildCountingPlate(builder, nest, mapping);
  if (!counting)
    return {};
  Location loc = counting.getLoc();
  Value counts = counting.getStacks().front();
  auto type = cast<RankedTensorType>(counts.getType());
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(counting.getCount());
  Value empty = tensor::EmptyOp::create(builder, loc, type, sizes);
  auto loop = scf::ForOp::create(builder, loc, zero, counting.getCount(), one,
                                 ValueRange{zero, empty});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(loop.getBody());
  Value member = loop.getInductionVar(), start = loop.getRegionIterArgs()[0];
  Value starts = tensor::InsertOp::create(builder, loc, start,
                                          loop.getRegionIterArgs()[1], member);
  Value number = tensor::ExtractOp::create(builder, loc, counts, member);
  Value next = arith::AddIOp::create(builder, loc, start, number);
  scf::YieldOp::create(builder, loc, ValueRange{next, starts});
  return {loop.getResult(1), loop.getResult(0)};
}

SmallVector<Observation>
vi::getObservations(OpBuilder &builder, ModelOp model, IRMapping &mapping,
                    SmallVectorImpl<Operation *> *omitted) {
  SmallVector<Observation> observations;
  model.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    auto factor = dyn_cast<FactorOp>(op);
    if (!isa<ObserveOp>(op) && !(factor && factor.getNormalized()))
      return;
    Observation observation;
    observation.op = op;
    observation.name = op->getAttrOfType<StringAttr>("name").getValue();
    auto omit = [&] {
      if (omitted)
        omitted->push_back(op);
    };
    // How often a condition holds is not known before.
    if (op->getParentOfType<scf::IfOp>())
      return omit();
    observation.nest = getRepetitions(op);
    observation.isRagged =
        llvm::any_of(observation.nest, [&](Operation *parent) {
          return !buildRepetitionCount(builder, parent, mapping);
        });
    if (observation.isRagged &&
        !buildIterationCount(builder, observation.nest, mapping))
      return omit();
    observations.push_back(std::move(observation));
  });
  return observations;
}

SmallVector<Value> vi::buildObservationShape(OpBuilder &builder,
                                             const Observation &observation,
                                             IRMapping &mapping) {
  if (observation.isRagged)
    return {buildIterationCount(builder, observation.nest, mapping)};
  return llvm::map_to_vector(observation.nest, [&](Operation *parent) {
    return buildRepetitionCount(builder, parent, mapping);
  });
}
