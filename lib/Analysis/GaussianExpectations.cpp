//===- GaussianExpectations.cpp - functions of a normal variable ----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/GaussianExpectations.h"

#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Expression.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace vi;

namespace {
using Function = Expression (*)(Expression mean, Expression variance);

/// The table: one line for each function.
const llvm::StringMap<Function> &getFunctions() {
  static const llvm::StringMap<Function> *functions = [] {
    auto *table = new llvm::StringMap<Function>();
    (*table)[special::SoftplusOp::getOperationName()] =
        [](Expression m, Expression v) { return gaussianSoftplus(m, v, 0); };
    (*table)[special::LogSigmoidOp::getOperationName()] =
        [](Expression m, Expression v) { return -gaussianSoftplus(-m, v, 0); };
    (*table)[special::SigmoidOp::getOperationName()] =
        [](Expression m, Expression v) { return gaussianSoftplus(m, v, 1); };
    return table;
  }();
  return *functions;
}
} // namespace

bool vi::hasGaussianExpectation(OperationName function) {
  return getFunctions().contains(function.getStringRef());
}

Value vi::buildGaussianExpectation(ImplicitLocOpBuilder &builder,
                                   OperationName function, Value mean,
                                   Value variance) {
  auto found = getFunctions().find(function.getStringRef());
  if (found == getFunctions().end())
    return Value();
  return found->second(Expression(builder, mean),
                       Expression(builder, variance));
}
