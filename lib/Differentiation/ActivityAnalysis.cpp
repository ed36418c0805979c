//===- ActivityAnalysis.cpp - which values a derivative passes through -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/ActivityAnalysis.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/DerivativeRules.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace vi;

bool vi::isDifferentiableType(Type type) {
  if (isa<ShapedType>(type) && !isa<RankedTensorType>(type))
    return false;
  return isa<FloatType>(getElementTypeOrSelf(type));
}

namespace {

/// The values into which a use carries its value.
void forEachTarget(OpOperand &use, function_ref<void(Value)> visit) {
  Operation *op = use.getOwner();
  unsigned number = use.getOperandNumber();
  Operation *parent = op->getParentOp();

  if (auto plate = dyn_cast<PlateOp>(op)) {
    unsigned slices = plate.getSlices().size();
    unsigned first = plate->getNumOperands() - slices - plate.getInits().size();
    if (number < first)
      return;
    number -= first;
    return visit(number < slices ? Value(plate.getMemberArguments()[number])
                                 : plate.getSums()[number - slices]);
  }
  if (isa<vi::YieldOp>(op))
    return visit(parent->getResult(number));
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    if (BlockArgument argument = loop.getTiedLoopRegionIterArg(&use)) {
      visit(argument);
      visit(loop.getTiedLoopResult(&use));
    }
    return;
  }
  if (isa<scf::YieldOp>(op)) {
    if (auto loop = dyn_cast<scf::ForOp>(parent))
      visit(loop.getRegionIterArg(number));
    if (isa<scf::ForOp, scf::IfOp>(parent))
      visit(parent->getResult(number));
    return;
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    visit(generic.getMatchingBlockArgument(&use));
    if (generic.isDpsInit(&use))
      visit(generic.getTiedOpResult(&use));
    return;
  }
  if (isa<linalg::YieldOp>(op)) {
    if (auto generic = dyn_cast<linalg::GenericOp>(parent)) {
      visit(generic.getRegionOutputArgs()[number]);
      visit(generic->getResult(number));
    }
    return;
  }
  if (isa<StopGradientOp>(op))
    return;
  if (isa<tensor::YieldOp>(op))
    return visit(parent->getResult(0));
  if (const DerivativeRule *rule =
          getDerivativeRule(op->getName().getStringRef()))
    if (rule->getKind(op, number) == DerivativeRule::Kind::Zero)
      return;
  for (Value result : op->getResults())
    visit(result);
}

/// The values of which a value is made, as far as a derivative passes.
void forEachSource(Value value, function_ref<void(Value)> visit) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *parent = argument.getOwner()->getParentOp();
    unsigned number = argument.getArgNumber();
    if (auto plate = dyn_cast<PlateOp>(parent)) {
      if (number >= 1 && number <= plate.getSlices().size())
        visit(plate.getSlices()[number - 1]);
    } else if (auto loop = dyn_cast<scf::ForOp>(parent)) {
      if (number >= 1) {
        visit(loop.getInitArgs()[number - 1]);
        visit(loop.getYieldedValues()[number - 1]);
      }
    } else if (auto generic = dyn_cast<linalg::GenericOp>(parent)) {
      visit(generic->getOperand(number));
    }
    return;
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  unsigned number = result.getResultNumber();
  if (auto plate = dyn_cast<PlateOp>(op)) {
    if (number < plate.getSums().size())
      visit(plate.getInits()[number]);
    return visit(plate.getYield()->getOperand(number));
  }
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    visit(loop.getInitArgs()[number]);
    visit(loop.getYieldedValues()[number]);
    return;
  }
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    visit(branch.thenYield().getOperand(number));
    visit(branch.elseYield().getOperand(number));
    return;
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    visit(generic.getDpsInitOperand(number)->get());
    visit(generic.getBlock()->getTerminator()->getOperand(number));
    return;
  }
  if (auto generate = dyn_cast<tensor::GenerateOp>(op))
    return visit(generate.getBody().front().getTerminator()->getOperand(0));
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    visit(pad.getSource());
    return visit(pad.getRegion().front().getTerminator()->getOperand(0));
  }
  if (isa<StopGradientOp>(op))
    return;
  const DerivativeRule *rule = getDerivativeRule(op->getName().getStringRef());
  for (OpOperand &operand : op->getOpOperands())
    if (!rule || rule->getKind(op, operand.getOperandNumber()) !=
                     DerivativeRule::Kind::Zero)
      visit(operand.get());
}

bool isSumArgument(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return false;
  auto plate = dyn_cast<PlateOp>(argument.getOwner()->getParentOp());
  return plate && argument.getArgNumber() > plate.getSlices().size();
}

/// The region argument that holds a sum of a plate; null for other values.
Value getSumArgument(Value value) {
  auto result = dyn_cast<OpResult>(value);
  auto plate = result ? dyn_cast<PlateOp>(result.getOwner()) : PlateOp();
  if (!plate || result.getResultNumber() >= plate.getSums().size())
    return {};
  return plate.getSumArguments()[result.getResultNumber()];
}

} // namespace

ActivityAnalysis::ActivityAnalysis(ValueRange independents,
                                   ValueRange dependents, Direction direction)
    : direction(direction) {
  for (Value value : independents)
    markVaried(value);
  propagateForward();
  for (Value value : dependents)
    markUseful(value);
  propagateBackward();
}

void ActivityAnalysis::markVaried(Value value) {
  if (!isDifferentiableType(value.getType()) ||
      (direction == Direction::Reverse && isSumArgument(value)) ||
      !varied.insert(value).second)
    return;
  worklist.push_back(value);
  // What is added to within a plate moves with what comes out of it.
  if (direction == Direction::Forward)
    if (Value argument = getSumArgument(value))
      markVaried(argument);
}

void ActivityAnalysis::markUseful(Value value) {
  if (!varied.contains(value) || !useful.insert(value).second)
    return;
  worklist.push_back(value);
  if (direction == Direction::Forward)
    if (Value argument = getSumArgument(value))
      markUseful(argument);
}

void ActivityAnalysis::propagateForward() {
  while (!worklist.empty())
    for (OpOperand &use : worklist.pop_back_val().getUses())
      forEachTarget(use, [&](Value target) { markVaried(target); });
}

void ActivityAnalysis::propagateBackward() {
  while (!worklist.empty())
    forEachSource(worklist.pop_back_val(),
                  [&](Value source) { markUseful(source); });
}

SmallVector<Value> ActivityAnalysis::getActiveCaptures(Region &region) const {
  llvm::SetVector<Value> captures;
  region.walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (OpOperand &use : op->getOpOperands()) {
      Value value = use.get();
      if (!isActive(value) || captures.contains(value) ||
          region.isAncestor(value.getParentRegion()))
        continue;
      bool passes = false;
      forEachTarget(use, [&](Value target) {
        passes |= isActive(target) || isSumArgument(target);
      });
      if (passes)
        captures.insert(value);
    }
  });
  return captures.takeVector();
}
