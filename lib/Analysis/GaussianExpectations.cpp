//===- GaussianExpectations.cpp - functions of a normal variable ----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/GaussianExpectations.h"

#include "vi/Dialect/Special/IR/LogisticMixture.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace vi;

namespace {
struct Rule {
  Expression (*build)(Expression mean, Expression variance);
  /// The derivative of softplus whose certificate it has; closed forms have
  /// none.
  std::optional<unsigned> certificate;
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
const llvm::StringMap<Rule> &getFunctions() {
  static const llvm::StringMap<Rule> *functions = [] {
    using E = Expression;
    auto *table = new llvm::StringMap<Rule>();
    auto add = [&](auto op, Expression (*build)(Expression, Expression),
                   std::optional<unsigned> certificate) {
      (*table)[decltype(op)::getOperationName()] = {build, certificate};
    };
    add(
        special::SoftplusOp(),
        [](E m, E v) { return gaussianSoftplus(m, v, 0); }, 0);
    add(
        special::LogSigmoidOp(),
        [](E m, E v) { return -gaussianSoftplus(-m, v, 0); }, 0);
    add(
        special::SigmoidOp(),
        [](E m, E v) { return gaussianSoftplus(m, v, 1); }, 1);
    add(
        special::NormalCDFOp(),
        [](E m, E v) { return normalCDF(m / sqrt(1.0 + v)); }, std::nullopt);
    add(math::AbsFOp(), foldedNormalMean, std::nullopt);
    return table;
  }();
  return *functions;
}
} // namespace

Expression vi::buildSoftplusError(Expression variance, unsigned derivative) {
  namespace coefficients = special::coefficients;
  bool isF32 = variance.getType().isF32();
  double mixture = isF32 ? coefficients::mixtureErrorsF32[derivative]
                         : coefficients::mixtureErrorsF64[derivative];
  // That of the normal distribution function, which softplus has times what it
  // is multiplied with.
  double distribution = isF32 ? 3.2e-8 : 7e-14;
  if (derivative == 1)
    return variance.constant(mixture + distribution);
  return mixture + distribution * (2.0 + sqrt(variance));
}

std::optional<GaussianExpectation>
vi::buildGaussianExpectation(OperationName function, Expression mean,
                             Expression variance) {
  auto found = getFunctions().find(function.getStringRef());
  if (found == getFunctions().end())
    return std::nullopt;
  const Rule &rule = found->second;
  GaussianExpectation result{rule.build(mean, variance), std::nullopt};
  if (rule.certificate)
    result.bound = buildSoftplusError(variance, *rule.certificate);
  return result;
}
