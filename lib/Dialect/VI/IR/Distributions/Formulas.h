//===- Formulas.h - shorthand for the families' formulas -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_IR_DISTRIBUTIONS_FORMULAS_H
#define VI_LIB_DIALECT_VI_IR_DISTRIBUTIONS_FORMULAS_H

#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/VI.h"

#include <cmath>
#include <limits>
#include <optional>

namespace vi {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
/// log(2 pi) / 2
constexpr double halfLog2Pi = 0.91893853320467274178;
/// Euler's constant.
constexpr double eulerGamma = 0.57721566490153286061;
constexpr double pi = 3.14159265358979323846;

/// Operand `index` of a family, one event's parameter.
inline Expression parameter(mlir::ImplicitLocOpBuilder &builder,
                            mlir::Operation *family, unsigned index) {
  return {builder, family->getOperand(index)};
}

/// -inf where `condition` holds. A NaN stays a NaN.
inline Expression impossibleWhere(mlir::Value condition, Expression a) {
  return select(condition, a.constant(-infinity), a);
}

/// Several independent variables of one draw, all from one variable of its
/// noise: a site has as many of these as elements, whatever its family.
class DrawStream {
public:
  DrawStream(mlir::ImplicitLocOpBuilder &builder, NoiseSource &noise)
      : builder(builder), key(noise.stream(builder)) {}

  /// The key of a variable of its own.
  mlir::Value nextKey();
  /// A standard normal variable.
  Expression normal(mlir::Type type);
  /// The logarithm of a standard gamma variable of a concentration, exact where
  /// the variable underflows.
  Expression logGamma(Expression concentration);

private:
  mlir::ImplicitLocOpBuilder &builder;
  mlir::Value key;
  int64_t variables = 0;
};

/// The logarithm of a gamma draw of concentration a, from the keys of a gamma
/// and of a uniform variable at `index`: that of a + 1 times U^(1/a), which
/// neither underflows nor needs a branch for small a.
Expression logGammaDraw(Expression a, mlir::Value gammaKey,
                        mlir::Value uniformKey, mlir::Value index);

/// The logarithms of the softmax of a vector, by the shifted sum.
Expression logSoftmax(Expression logits);

/// sum_k log L_kk of a triangular factor.
Expression logDeterminant(Expression factor);

/// The expectations of several statistics; none where one is not known.
template <typename... Statistics>
std::optional<llvm::SmallVector<Expression, 2>>
expectAll(mlir::ImplicitLocOpBuilder &builder, ExpectationFunction expectation,
          const Statistics &...statistics) {
  llvm::SmallVector<Expression, 2> values;
  for (const Statistic &statistic : {statistics...}) {
    mlir::Value value = expectation(statistic);
    if (!value)
      return std::nullopt;
    values.emplace_back(builder, value);
  }
  return values;
}

/// E[(x - location)^2], from the moments where it is not known by itself.
std::optional<Expression>
expectSquaredDeviation(ExpectationFunction expectation, Expression location);

} // namespace vi

#endif // VI_LIB_DIALECT_VI_IR_DISTRIBUTIONS_FORMULAS_H
