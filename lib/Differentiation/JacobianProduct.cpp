//===- JacobianProduct.cpp - derivatives along a direction -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/JacobianProduct.h"

#include "Simplification.h"
#include "Sweep.h"
#include "TangentSweep.h"

using namespace mlir;
using namespace vi;

namespace {

/// Names of the arguments and results that a product adds.
struct Labels {
  StringRef argument, result;
};

/// The label, with the name of what it belongs to where there are several.
std::string getLabel(StringRef label, StringAttr name, unsigned number,
                     size_t count) {
  if (count == 1)
    return label.str();
  return (label + "_" + (name ? name.str() : std::to_string(number))).str();
}

func::FuncOp declareProduct(func::FuncOp function, StringRef name,
                            ArrayRef<unsigned> independents,
                            ArrayRef<unsigned> dependents, Labels labels) {
  OpBuilder builder(function);
  builder.setInsertionPointAfter(function);
  FunctionType type = function.getFunctionType();
  SmallVector<Type> arguments(type.getInputs()), results;
  for (unsigned number : independents)
    arguments.push_back(type.getInput(number));
  for (unsigned number : dependents)
    results.push_back(type.getResult(number));
  auto product =
      func::FuncOp::create(builder, function.getLoc(), name,
                           builder.getFunctionType(arguments, results));
  product.setVisibility(function.getVisibility());
  if (Attribute attribute = function->getAttr("vi.export"))
    product->setAttr("vi.export", attribute);
  unsigned count = function.getNumArguments();
  for (unsigned i = 0; i < count; ++i)
    if (DictionaryAttr attributes = function.getArgAttrDict(i))
      product.setArgAttrs(i, attributes);
  for (auto [i, number] : llvm::enumerate(independents)) {
    auto named = function.getArgAttrOfType<StringAttr>(number, "vi.name");
    product.setArgAttr(
        count + i, "vi.name",
        builder.getStringAttr(
            getLabel(labels.argument, named, number, independents.size())));
    product.setArgAttr(
        count + i, "vi.doc",
        builder.getStringAttr(
            "the direction" +
            (named ? " in which " + named.str() + " moves" : std::string())));
  }
  for (auto [i, number] : llvm::enumerate(dependents)) {
    if (DictionaryAttr attributes = function.getResultAttrDict(number))
      product.setResultAttrs(i, attributes);
    auto named = function.getResultAttrOfType<StringAttr>(number, "vi.name");
    product.setResultAttr(
        i, "vi.name",
        builder.getStringAttr(
            getLabel(labels.result, named, number, dependents.size())));
  }
  return product;
}

FailureOr<func::FuncOp> createProduct(func::FuncOp function, StringRef name,
                                      ArrayRef<unsigned> independents,
                                      ArrayRef<unsigned> dependents,
                                      Labels labels, bool keepsStops) {
  if (failed(verifyDifferentiable(function, independents)))
    return failure();
  for (unsigned number : dependents) {
    if (number >= function.getNumResults())
      return function.emitOpError("has no result ")
             << number << " to be differentiated";
    if (!isDifferentiableType(function.getResultTypes()[number]))
      return function.emitOpError("result ")
             << number << " of " << function.getResultTypes()[number]
             << " is no floating-point number or tensor";
  }

  OwningOpRef<func::FuncOp> owner(function.clone());
  func::FuncOp primal = *owner;
  if (!keepsStops)
    primal.walk([](StopGradientOp stop) {
      stop.getResult().replaceAllUsesWith(stop.getInput());
      stop.erase();
    });
  auto getIndependents = [&] {
    return llvm::map_to_vector(independents, [&](unsigned number) -> Value {
      return primal.getArgument(number);
    });
  };
  auto getDependents = [&] {
    Operation *terminator = primal.getBody().front().getTerminator();
    return llvm::map_to_vector(dependents, [&](unsigned number) {
      return terminator->getOperand(number);
    });
  };
  auto analyze = [&] {
    return ActivityAnalysis(getIndependents(), getDependents(),
                            ActivityAnalysis::Direction::Forward);
  };
  if (failed(inlineCalls(function, primal, analyze)) ||
      failed(generalize(primal, analyze)))
    return failure();
  ActivityAnalysis activity = analyze();

  func::FuncOp product =
      declareProduct(function, name, independents, dependents, labels);
  Block *entry = product.addEntryBlock();
  ImplicitLocOpBuilder builder(function.getLoc(), function.getContext());
  builder.setInsertionPointToEnd(entry);
  TangentSweep sweep(activity, builder);
  TangentScope scope;
  Block &block = primal.getBody().front();
  unsigned count = block.getNumArguments();
  for (unsigned i = 0; i < count; ++i)
    scope.forward.map(block.getArgument(i), entry->getArgument(i));
  for (auto [i, number] : llvm::enumerate(independents))
    scope.tangents[block.getArgument(number)] = entry->getArgument(count + i);
  if (failed(sweep.emit(block, scope))) {
    product.erase();
    return failure();
  }
  builder.setLoc(function.getLoc());
  SmallVector<Value> results;
  for (Value dependent : getDependents())
    results.push_back(sweep.getTangentOrZero(scope, dependent));
  func::ReturnOp::create(builder, results);
  if (failed(simplify(product)))
    return failure();
  return product;
}

} // namespace

FailureOr<func::FuncOp>
vi::createJacobianVectorProduct(func::FuncOp function, StringRef name,
                                ArrayRef<unsigned> independents,
                                ArrayRef<unsigned> dependents) {
  return createProduct(function, name, independents, dependents,
                       {"tangent", "tangent"}, /*keepsStops=*/true);
}

FailureOr<func::FuncOp>
vi::createHessianVectorProduct(func::FuncOp gradient, StringRef name,
                               ArrayRef<unsigned> independents) {
  SmallVector<unsigned> dependents;
  for (unsigned i = 1; i <= independents.size(); ++i)
    dependents.push_back(i);
  // The gradient is a function like any other here: what it holds fixed in one
  // derivative moves in the next.
  FailureOr<func::FuncOp> product =
      createProduct(gradient, name, independents, dependents,
                    {"direction", "product"}, /*keepsStops=*/false);
  if (failed(product))
    return failure();
  if (auto doc = gradient->getAttrOfType<StringAttr>("vi.doc")) {
    StringRef text = doc.getValue();
    (*product)->setAttr(
        "vi.doc",
        StringAttr::get(gradient.getContext(),
                        "Second derivative, times a direction. " + text));
  }
  return product;
}
