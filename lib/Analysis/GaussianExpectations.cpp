//===- GaussianExpectations.cpp - functions of a normal variable ----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/GaussianExpectations.h"

#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace vi;

namespace {
struct GaussianExpectation {
  Expression (*build)(Expression mean, Expression variance);
  bool exact;
};

/// E|x|, the mean of a folded normal variable.
Expression foldedNormalMean(Expression mean, Expression variance) {
  // At variance 0 the limit, |mean|.
  Expression s = sqrt(
      maximum(variance, variance.constant(std::numeric_limits<double>::min())));
  Expression u = mean / s;
  return s * (M_2_SQRTPI * M_SQRT1_2) * exp(-0.5 * square(u)) +
         mean * erf(u * M_SQRT1_2);
}

/// The table: one line for each function.
const llvm::StringMap<GaussianExpectation> &getFunctions() {
  static const llvm::StringMap<GaussianExpectation> *functions = [] {
    using E = Expression;
    auto *table = new llvm::StringMap<GaussianExpectation>();
    auto add = [&](auto op, Expression (*build)(Expression, Expression),
                   bool exact) {
      (*table)[decltype(op)::getOperationName()] = {build, exact};
    };
    add(
        special::SoftplusOp(),
        [](E m, E v) { return gaussianSoftplus(m, v, 0); }, false);
    add(
        special::LogSigmoidOp(),
        [](E m, E v) { return -gaussianSoftplus(-m, v, 0); }, false);
    add(
        special::SigmoidOp(),
        [](E m, E v) { return gaussianSoftplus(m, v, 1); }, false);
    add(
        special::NormalCDFOp(),
        [](E m, E v) { return normalCDF(m / sqrt(1.0 + v)); }, true);
    add(math::AbsFOp(), foldedNormalMean, true);
    return table;
  }();
  return *functions;
}
} // namespace

bool vi::isExactGaussianExpectation(OperationName function) {
  auto found = getFunctions().find(function.getStringRef());
  return found != getFunctions().end() && found->second.exact;
}

Value vi::buildGaussianExpectation(ImplicitLocOpBuilder &builder,
                                   OperationName function, Value mean,
                                   Value variance) {
  auto found = getFunctions().find(function.getStringRef());
  if (found == getFunctions().end())
    return Value();
  return found->second.build(Expression(builder, mean),
                             Expression(builder, variance));
}
