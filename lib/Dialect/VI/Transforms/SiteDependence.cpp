//===- SiteDependence.cpp - what depends on a site's value -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SiteDependence.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace vi;

SiteDependence::SiteDependence(Block &block, ValueRange roots,
                               Operation *skipped)
    : values(roots.begin(), roots.end()), skipped(skipped) {
  visit(block, /*controlled=*/false);
}

bool SiteDependence::reaches(Operation *op) const {
  return op
      ->walk([&](Operation *nested) {
        return depends(nested) ? WalkResult::interrupt()
                               : WalkResult::advance();
      })
      .wasInterrupted();
}

void SiteDependence::visit(Block &block, bool controlled) {
  for (Operation &op : block) {
    if (&op == skipped)
      continue;
    if (auto plate = dyn_cast<PlateOp>(op)) {
      visitPlate(plate, controlled);
      continue;
    }
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      visitLoop(loop, controlled);
      continue;
    }
    if (auto branch = dyn_cast<scf::IfOp>(op)) {
      visitBranch(branch, controlled);
      continue;
    }
    bool own = controlled || dependsAny(op.getOperands());
    for (Region &region : op.getRegions())
      visitUsedValuesDefinedAbove(region, [&](OpOperand *operand) {
        own = own || depends(operand->get());
      });
    if (!own)
      continue;
    operations.insert(&op);
    if (!isa<SampleOp, ParamOp>(op))
      values.insert(op.result_begin(), op.result_end());
  }
}

void SiteDependence::visitPlate(PlateOp plate, bool controlled) {
  auto isGiven = [&](Value value) { return value && depends(value); };
  controlled = controlled || isGiven(plate.getCount()) ||
               isGiven(plate.getBegin()) || isGiven(plate.getEnd());
  for (auto [slice, argument] :
       llvm::zip(plate.getSlices(), plate.getMemberArguments()))
    if (depends(slice))
      values.insert(argument);
  for (auto [init, argument] :
       llvm::zip(plate.getInits(), plate.getSumArguments()))
    if (depends(init))
      values.insert(argument);
  visit(*plate.getBlock(), controlled);
  YieldOp yield = plate.getYield();
  for (auto [value, result] : llvm::zip(yield.getSums(), plate.getSums()))
    if (controlled || depends(value))
      values.insert(result);
  for (auto [value, result] : llvm::zip(yield.getValues(), plate.getStacks()))
    if (controlled || depends(value))
      values.insert(result);
  if (controlled || dependsAny(plate->getOperands()))
    operations.insert(plate);
}

void SiteDependence::visitLoop(scf::ForOp loop, bool controlled) {
  if (depends(loop.getLowerBound()) || depends(loop.getStep()))
    values.insert(loop.getInductionVar());
  controlled = controlled || depends(loop.getLowerBound()) ||
               depends(loop.getUpperBound()) || depends(loop.getStep());
  for (auto [init, argument] :
       llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs()))
    if (controlled || depends(init))
      values.insert(argument);
  // Until no further state depends.
  for (bool changed = true; changed;) {
    changed = false;
    visit(*loop.getBody(), controlled);
    for (auto [value, argument] :
         llvm::zip(loop.getYieldedValues(), loop.getRegionIterArgs()))
      if (depends(value) && values.insert(argument).second)
        changed = true;
  }
  for (auto [argument, result] :
       llvm::zip(loop.getRegionIterArgs(), loop.getResults()))
    if (depends(argument))
      values.insert(result);
  if (controlled || dependsAny(loop->getOperands()))
    operations.insert(loop);
}

void SiteDependence::visitBranch(scf::IfOp branch, bool controlled) {
  bool own = controlled || depends(branch.getCondition());
  for (Region &region : branch->getRegions()) {
    if (region.empty())
      continue;
    visit(region.front(), own);
    for (auto [value, result] :
         llvm::zip(region.front().getTerminator()->getOperands(),
                   branch.getResults()))
      if (own || depends(value))
        values.insert(result);
  }
  if (own)
    operations.insert(branch);
}
