//===- Differentiate.cpp - the differentiation pass -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/Gradient.h"
#include "vi/Differentiation/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
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

struct Differentiate : vi::impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    getOperation()->walk([&](func::FuncOp function) {
      if (function->hasAttr("vi.differentiate"))
        functions.push_back(function);
    });
    for (func::FuncOp function : functions) {
      auto name = function->getAttrOfType<StringAttr>("vi.differentiate");
      if (!name) {
        function.emitOpError("attribute 'vi.differentiate' must be the name of "
                             "the gradient");
        return signalPassFailure();
      }
      if (Operation *other =
              SymbolTable::lookupNearestSymbolFrom(function, name)) {
        InFlightDiagnostic diagnostic =
            function.emitOpError("cannot name its gradient '")
            << name.getValue() << "': there is such a symbol";
        diagnostic.attachNote(other->getLoc()) << "defined here";
        return signalPassFailure();
      }
      FailureOr<SmallVector<unsigned>> independents = getIndependents(function);
      if (failed(independents) ||
          failed(vi::createGradient(function, name, *independents)))
        return signalPassFailure();
      function->removeAttr("vi.differentiate");
      function->removeAttr("vi.wrt");
    }
  }
};

} // namespace
