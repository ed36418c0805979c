//===- TangentRegions.cpp - tangents of plates, branches and loops -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sweep.h"
#include "TangentSweep.h"

using namespace mlir;
using namespace vi;

/// One plate computes values and tangents: the tangent of a sum is a sum, that
/// of a stack a stack, and that of a slice the slice of the tangent.
LogicalResult TangentSweep::emitPlate(PlateOp op, TangentScope &scope) {
  Location loc = b.getLoc();
  unsigned sums = op.getSums().size(), stacks = op.getStacks().size();
  YieldOp yield = op.getYield();

  PlateExtension extension;
  SmallVector<unsigned> movingSlices, movingSums, movingStacks;
  for (auto [number, slice, argument] :
       llvm::enumerate(op.getSlices(), op.getMemberArguments()))
    if (Value tangent = getTangent(scope, slice);
        tangent && activity.isActive(argument)) {
      movingSlices.push_back(number);
      extension.slices.push_back(tangent);
    }
  for (unsigned i = 0; i < sums; ++i)
    if (activity.isActive(op.getSums()[i])) {
      movingSums.push_back(i);
      extension.inits.push_back(getTangentOrZero(scope, op.getInits()[i]));
    }
  for (unsigned i = 0; i < stacks; ++i)
    if (activity.isActive(op.getStacks()[i])) {
      movingStacks.push_back(i);
      extension.stacks.push_back(op.getStacks()[i].getType());
    }

  PlateOp combined = createExtendedPlate(b, op, extension, scope.forward);
  for (auto [number, member] : llvm::zip(
           movingSlices,
           combined.getMemberArguments().drop_front(op.getSlices().size())))
    scope.tangents[op.getMemberArguments()[number]] = member;
  for (auto [number, sum] :
       llvm::zip(movingSums, combined.getSumArguments().drop_front(sums)))
    scope.tangents[op.getSumArguments()[number]] = sum;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(combined.getBlock());
    if (failed(emit(*op.getBlock(), scope)))
      return failure();
    b.setLoc(loc);
    SmallVector<Value> yieldedSums = lookup(scope, yield.getSums());
    SmallVector<Value> yieldedValues = lookup(scope, yield.getValues());
    for (unsigned number : movingSums)
      yieldedSums.push_back(getTangentOrZero(scope, yield.getSums()[number]));
    for (unsigned number : movingStacks)
      yieldedValues.push_back(
          getTangentOrZero(scope, yield.getValues()[number]));
    YieldOp::create(b, yieldedSums, yieldedValues);
  }
  scope.forward.map(op.getSums(), combined.getSums().take_front(sums));
  scope.forward.map(op.getStacks(), combined.getStacks().take_front(stacks));
  for (auto [number, tangent] :
       llvm::zip(movingSums, combined.getSums().drop_front(sums)))
    scope.tangents[op.getSums()[number]] = tangent;
  for (auto [number, tangent] :
       llvm::zip(movingStacks, combined.getStacks().drop_front(stacks)))
    scope.tangents[op.getStacks()[number]] = tangent;
  return success();
}

LogicalResult TangentSweep::emitIf(scf::IfOp op, TangentScope &scope) {
  Location loc = b.getLoc();
  SmallVector<Type> types(op.getResultTypes());
  SmallVector<unsigned> moving;
  for (OpResult result : op->getResults())
    if (activity.isActive(result)) {
      moving.push_back(result.getResultNumber());
      types.push_back(result.getType());
    }
  auto combined =
      scf::IfOp::create(b, types, lookup(scope, op.getCondition()),
                        /*addThenBlock=*/true, /*addElseBlock=*/true);
  for (auto [region, into] :
       llvm::zip(op->getRegions(), combined->getRegions())) {
    OpBuilder::InsertionGuard guard(b);
    Block &block = region.front();
    b.setInsertionPointToEnd(&into.front());
    if (failed(emit(block, scope)))
      return failure();
    b.setLoc(loc);
    Operation *yield = block.getTerminator();
    SmallVector<Value> yielded = lookup(scope, yield->getOperands());
    for (unsigned number : moving)
      yielded.push_back(getTangentOrZero(scope, yield->getOperand(number)));
    scf::YieldOp::create(b, yielded);
  }
  unsigned results = op.getNumResults();
  scope.forward.map(op.getResults(), combined.getResults().take_front(results));
  for (auto [number, tangent] :
       llvm::zip(moving, combined.getResults().drop_front(results)))
    scope.tangents[op.getResult(number)] = tangent;
  return success();
}

/// The loop carries the tangents of its states beside them.
LogicalResult TangentSweep::emitFor(scf::ForOp op, TangentScope &scope) {
  Location loc = b.getLoc();
  SmallVector<Value> carried = lookup(scope, op.getInitArgs());
  SmallVector<unsigned> moving;
  for (auto [number, argument] : llvm::enumerate(op.getRegionIterArgs()))
    if (activity.isActive(argument) ||
        activity.isActive(op->getResult(number))) {
      moving.push_back(number);
      carried.push_back(getTangentOrZero(scope, op.getInitArgs()[number]));
    }
  auto loop = scf::ForOp::create(b, lookup(scope, op.getLowerBound()),
                                 lookup(scope, op.getUpperBound()),
                                 lookup(scope, op.getStep()), carried);
  loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  unsigned states = op.getNumResults();
  scope.forward.map(op.getInductionVar(), loop.getInductionVar());
  scope.forward.map(op.getRegionIterArgs(),
                    loop.getRegionIterArgs().take_front(states));
  for (auto [number, tangent] :
       llvm::zip(moving, loop.getRegionIterArgs().drop_front(states)))
    scope.tangents[op.getRegionIterArg(number)] = tangent;
  {
    OpBuilder::InsertionGuard guard(b);
    Block *body = loop.getBody();
    if (!body->empty())
      body->back().erase();
    b.setInsertionPointToEnd(body);
    if (failed(emit(*op.getBody(), scope)))
      return failure();
    b.setLoc(loc);
    SmallVector<Value> yielded = lookup(scope, op.getYieldedValues());
    for (unsigned number : moving)
      yielded.push_back(getTangentOrZero(scope, op.getYieldedValues()[number]));
    scf::YieldOp::create(b, yielded);
  }
  scope.forward.map(op.getResults(), loop.getResults().take_front(states));
  for (auto [number, tangent] :
       llvm::zip(moving, loop.getResults().drop_front(states)))
    scope.tangents[op.getResult(number)] = tangent;
  return success();
}
