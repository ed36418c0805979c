//===- Sweep.cpp - what the sweeps of both modes share -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sweep.h"

#include "vi/Differentiation/ActivityAnalysis.h"

using namespace mlir;
using namespace vi;

LogicalResult vi::verifyDifferentiable(func::FuncOp function,
                                       ArrayRef<unsigned> independents) {
  if (function.isExternal())
    return function.emitOpError("has no body to differentiate");
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("has more than one block; loops and branches "
                                "that are differentiated are those of scf");
  for (unsigned number : independents) {
    if (number >= function.getNumArguments())
      return function.emitOpError("has no argument ")
             << number << " to be differentiated in";
    if (!isDifferentiableType(function.getArgumentTypes()[number]))
      return function.emitOpError("argument ")
             << number << " of " << function.getArgumentTypes()[number]
             << " is no floating-point number or tensor";
  }
  return success();
}

void vi::cloneForward(OpBuilder &builder, Operation *op, IRMapping &mapping) {
  auto forget = [&](Block *block) {
    for (BlockArgument argument : block->getArguments())
      mapping.erase(argument);
  };
  for (Region &region : op->getRegions()) {
    for (Block &block : region)
      forget(&block);
    region.walk(forget);
  }
  builder.clone(*op, mapping);
}

PlateOp vi::createExtendedPlate(OpBuilder &builder, PlateOp plate,
                                const PlateExtension &extension,
                                IRMapping &mapping) {
  auto lookup = [&](Value primal) { return mapping.lookupOrDefault(primal); };
  SmallVector<Value> slices = llvm::map_to_vector(plate.getSlices(), lookup);
  SmallVector<Value> inits = llvm::map_to_vector(plate.getInits(), lookup);
  SmallVector<Type> stacks(plate.getStacks().getTypes());
  slices.append(extension.slices);
  inits.append(extension.inits);
  stacks.append(extension.stacks);
  Value begin, end;
  if (plate.getBegin()) {
    begin = lookup(plate.getBegin());
    end = lookup(plate.getEnd());
  }
  auto extended = PlateOp::create(builder, plate.getLoc(), plate.getName(),
                                  lookup(plate.getCount()), begin, end, slices,
                                  inits, stacks);
  extended->setDiscardableAttrs(plate->getDiscardableAttrDictionary());
  mapping.map(plate.getIndex(), extended.getIndex());
  // The extension's come after these.
  for (auto [argument, member] :
       llvm::zip(plate.getMemberArguments(), extended.getMemberArguments()))
    mapping.map(argument, member);
  for (auto [argument, sum] :
       llvm::zip(plate.getSumArguments(), extended.getSumArguments()))
    mapping.map(argument, sum);
  return extended;
}

FailureOr<const DerivativeRule *> vi::getElementwiseRule(Operation *op) {
  const DerivativeRule *rule = getDerivativeRule(op->getName().getStringRef());
  if (!rule || op->getNumRegions())
    return op->emitOpError("has no derivative rule, and the result that is "
                           "differentiated depends on it");
  return rule;
}

FailureOr<const OperandRule *> vi::getOperandRule(const DerivativeRule &rule,
                                                  OpOperand &operand) {
  Operation *op = operand.getOwner();
  unsigned number = operand.getOperandNumber();
  switch (rule.getKind(op, number)) {
  case DerivativeRule::Kind::Zero:
    return nullptr;
  case DerivativeRule::Kind::Unknown:
    return op->emitOpError("has no derivative rule in operand ")
           << number << ", and the result that is differentiated depends on it";
  case DerivativeRule::Kind::Known:
    return &rule.getRule(number);
  }
  llvm_unreachable("a kind of derivative");
}
