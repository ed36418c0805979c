//===- Gradient.cpp - gradients of functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/Gradient.h"

#include "ReverseSweep.h"
#include "Simplification.h"
#include "Sweep.h"

using namespace mlir;
using namespace vi;

/// The function type and the attributes of the gradient.
static func::FuncOp declareGradient(func::FuncOp function, StringRef name,
                                    ArrayRef<unsigned> independents) {
  OpBuilder builder(function);
  builder.setInsertionPointAfter(function);
  FunctionType type = function.getFunctionType();
  SmallVector<Type> results(type.getResults());
  for (unsigned number : independents)
    results.push_back(type.getInput(number));
  auto gradient =
      func::FuncOp::create(builder, function.getLoc(), name,
                           builder.getFunctionType(type.getInputs(), results));
  gradient.setVisibility(function.getVisibility());
  for (StringRef carried : {"vi.export", "vi.doc"})
    if (Attribute attribute = function->getAttr(carried))
      gradient->setAttr(carried, attribute);
  for (unsigned i = 0, e = function.getNumArguments(); i < e; ++i)
    if (DictionaryAttr attributes = function.getArgAttrDict(i))
      gradient.setArgAttrs(i, attributes);
  if (DictionaryAttr attributes = function.getResultAttrDict(0))
    gradient.setResultAttrs(0, attributes);
  gradient.setResultAttr(0, "vi.name", builder.getStringAttr("value"));
  for (auto [result, argument] : llvm::enumerate(independents)) {
    std::string label = "gradient";
    if (independents.size() > 1) {
      auto named = function.getArgAttrOfType<StringAttr>(argument, "vi.name");
      label += "_" + (named ? named.str() : std::to_string(argument));
    }
    gradient.setResultAttr(result + 1, "vi.name", builder.getStringAttr(label));
  }
  return gradient;
}

FailureOr<func::FuncOp> vi::createGradient(func::FuncOp function,
                                           StringRef name,
                                           ArrayRef<unsigned> independents) {
  if (failed(verifyDifferentiable(function, independents)))
    return failure();
  if (function.getNumResults() != 1 ||
      !isa<FloatType>(function.getResultTypes()[0]))
    return function.emitOpError("must have one floating-point result to be "
                                "differentiated");

  // The primal: a copy in which operations on tensors have one form.
  OwningOpRef<func::FuncOp> owner(function.clone());
  func::FuncOp primal = *owner;
  auto getIndependents = [&] {
    return llvm::map_to_vector(independents, [&](unsigned number) -> Value {
      return primal.getArgument(number);
    });
  };
  auto getDependents = [&] {
    return primal.getBody().front().getTerminator()->getOperands();
  };
  auto analyze = [&] {
    return ActivityAnalysis(getIndependents(), getDependents());
  };
  if (failed(inlineCalls(function, primal, analyze)) ||
      failed(normalize(primal, analyze)))
    return failure();
  ActivityAnalysis activity = analyze();

  func::FuncOp gradient = declareGradient(function, name, independents);
  Block *entry = gradient.addEntryBlock();
  ImplicitLocOpBuilder builder(function.getLoc(), function.getContext());
  builder.setInsertionPointToEnd(entry);
  ReverseSweep sweep(activity, builder);
  Scope scope;
  Block &block = primal.getBody().front();
  scope.forward.map(block.getArguments(), entry->getArguments());
  sweep.emitForward(block, scope);
  Value dependent = getDependents().front();
  sweep.add(scope, dependent, floatConstant(builder, dependent.getType(), 1.0));
  if (failed(sweep.emitReverse(block, scope))) {
    gradient.erase();
    return failure();
  }
  builder.setLoc(function.getLoc());
  SmallVector<Value> results{scope.forward.lookupOrDefault(dependent)};
  for (Value independent : getIndependents())
    results.push_back(sweep.getAdjointOrZero(scope, independent));
  func::ReturnOp::create(builder, results);
  sweep.finish(scope);
  if (failed(simplify(gradient)))
    return failure();
  return gradient;
}
