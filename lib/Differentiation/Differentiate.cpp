//===- Differentiate.cpp - the differentiation pass -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/Gradient.h"
#include "vi/Differentiation/JacobianProduct.h"
#include "vi/Differentiation/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/ActivityAnalysis.h"

namespace vi {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "vi/Differentiation/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// The arguments that `vi.wrt` names.
FailureOr<SmallVector<unsigned>> getIndependents(func::FuncOp function) {
  SmallVector<unsigned> independents;
  Attribute attribute = function->getAttr("vi.wrt");
  if (!attribute) {
    for (auto [number, type] : llvm::enumerate(function.getArgumentTypes()))
      if (vi::isDifferentiableType(type))
        independents.push_back(number);
    return independents;
  }
  auto add = [&](int64_t number) -> LogicalResult {
    if (number < 0 || number >= function.getNumArguments())
      return function.emitOpError("has no argument ")
             << number << ", which 'vi.wrt' names";
    independents.push_back(number);
    return success();
  };
  if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute)) {
    for (int64_t number : numbers.asArrayRef())
      if (failed(add(number)))
        return failure();
    return independents;
  }
  auto list = dyn_cast<ArrayAttr>(attribute);
  if (!list)
    return function.emitOpError("attribute 'vi.wrt' must be a list of argument "
                                "numbers");
  for (Attribute element : list) {
    auto number = dyn_cast<IntegerAttr>(element);
    if (!number)
      return function.emitOpError("attribute 'vi.wrt' must be a list of "
                                  "argument numbers, but has ")
             << element;
    if (failed(add(number.getInt())))
      return failure();
  }
  return independents;
}

/// The name that an attribute gives to a function to be made: null where it is
/// not there.
FailureOr<StringAttr> getNewName(func::FuncOp function, StringRef attribute,
                                 StringRef what) {
  Attribute value = function->getAttr(attribute);
  if (!value)
    return StringAttr();
  auto name = dyn_cast<StringAttr>(value);
  if (!name)
    return function.emitOpError("attribute '")
           << attribute << "' must be the name of the " << what;
  if (Operation *other = SymbolTable::lookupNearestSymbolFrom(function, name)) {
    InFlightDiagnostic diagnostic = function.emitOpError("cannot name its ")
                                    << what << " '" << name.getValue()
                                    << "': there is such a symbol";
    diagnostic.attachNote(other->getLoc()) << "defined here";
    return diagnostic;
  }
  return name;
}

constexpr StringLiteral gradientAttribute = "vi.differentiate",
                        hessianAttribute = "vi.hessian_vector_product",
                        jacobianAttribute = "vi.jacobian_vector_product";

struct Differentiate : vi::impl::DifferentiateBase<Differentiate> {
  /// The Hessian-vector product. The gradient is of use without it: where it
  /// has no derivative, that is a warning.
  LogicalResult createProduct(func::FuncOp gradient, StringAttr name,
                              ArrayRef<unsigned> independents) {
    std::optional<std::string> reason;
    std::optional<Location> location;
    {
      ScopedDiagnosticHandler handler(
          &getContext(), [&](Diagnostic &diagnostic) {
            if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
              return failure();
            if (!reason) {
              reason = diagnostic.str();
              location = diagnostic.getLocation();
            }
            return success();
          });
      if (succeeded(
              vi::createHessianVectorProduct(gradient, name, independents)))
        return success();
    }
    emitWarning(location.value_or(gradient.getLoc()))
        << "no '" << name.getValue()
        << "', as the gradient cannot be differentiated: "
        << reason.value_or("unknown");
    return failure();
  }

  /// What the attributes of the function ask for.
  LogicalResult differentiate(func::FuncOp function) {
    auto name = getNewName(function, gradientAttribute, "gradient");
    auto hessian =
        getNewName(function, hessianAttribute, "Hessian-vector product");
    auto jacobian =
        getNewName(function, jacobianAttribute, "Jacobian-vector product");
    if (failed(name) || failed(hessian) || failed(jacobian))
      return failure();
    if (*hessian && !*name)
      return function.emitOpError("attribute 'vi.hessian_vector_product' needs "
                                  "'vi.differentiate' beside it");
    FailureOr<SmallVector<unsigned>> independents = getIndependents(function);
    if (failed(independents))
      return failure();
    if (*jacobian) {
      SmallVector<unsigned> dependents;
      for (auto [number, type] : llvm::enumerate(function.getResultTypes()))
        if (vi::isDifferentiableType(type))
          dependents.push_back(number);
      if (failed(vi::createJacobianVectorProduct(function, *jacobian,
                                                 *independents, dependents)))
        return failure();
    }
    if (*name) {
      auto gradient = vi::createGradient(function, *name, *independents);
      if (failed(gradient))
        return failure();
      // Where it cannot be made, a warning has said so.
      if (*hessian)
        (void)createProduct(*gradient, *hessian, *independents);
    }
    for (StringRef attribute :
         {gradientAttribute, hessianAttribute, jacobianAttribute})
      function->removeAttr(attribute);
    function->removeAttr("vi.wrt");
    return success();
  }

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    getOperation()->walk([&](func::FuncOp function) {
      if (function->hasAttr(gradientAttribute) ||
          function->hasAttr(hessianAttribute) ||
          function->hasAttr(jacobianAttribute))
        functions.push_back(function);
    });
    for (func::FuncOp function : functions)
      if (failed(differentiate(function)))
        return signalPassFailure();
  }
};

} // namespace
