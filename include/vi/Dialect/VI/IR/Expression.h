//===- Expression.h - formulas as C++ expressions that emit IR -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_EXPRESSION_H
#define VI_DIALECT_VI_IR_EXPRESSION_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Value.h"

namespace vi {

/// A floating-point value (scalar, vector or tensor, elementwise) under
/// construction. Operators emit `arith`, `math` and `special` ops at the
/// builder's insertion point, so that a density or a derivative rule is
/// written as its formula:
///
///     Expression u = (x - loc) / scale;
///     return -0.5 * u * u - log(scale) - 0.5 * std::log(2 * M_PI);
///
/// Constants fold where both sides are constants or one side is neutral.
class Expression {
public:
  Expression(mlir::ImplicitLocOpBuilder &builder, mlir::Value value)
      : builder(&builder), value(value) {}

  operator mlir::Value() const { return value; }
  mlir::Value getValue() const { return value; }
  mlir::Type getType() const { return value.getType(); }
  mlir::ImplicitLocOpBuilder &getBuilder() const { return *builder; }

  /// A constant of this expression's type.
  Expression constant(double number) const;
  /// An expression on the same builder.
  Expression with(mlir::Value other) const { return {*builder, other}; }
  /// The number, where this is a constant.
  std::optional<double> getConstant() const;

private:
  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;
};

Expression operator+(Expression a, Expression b);
Expression operator-(Expression a, Expression b);
Expression operator*(Expression a, Expression b);
Expression operator/(Expression a, Expression b);
Expression operator-(Expression a);
Expression operator+(Expression a, double b);
Expression operator+(double a, Expression b);
Expression operator-(Expression a, double b);
Expression operator-(double a, Expression b);
Expression operator*(Expression a, double b);
Expression operator*(double a, Expression b);
Expression operator/(Expression a, double b);
Expression operator/(double a, Expression b);

Expression exp(Expression x);
Expression expm1(Expression x);
Expression log(Expression x);
Expression log1p(Expression x);
Expression sqrt(Expression x);
Expression square(Expression x);
Expression abs(Expression x);
Expression sin(Expression x);
Expression cos(Expression x);
Expression tan(Expression x);
Expression tanh(Expression x);
Expression erf(Expression x);
Expression pow(Expression x, Expression y);
Expression maximum(Expression x, Expression y);
Expression sigmoid(Expression x);
Expression softplus(Expression x);
Expression logSigmoid(Expression x);
Expression log1pSquare(Expression x);
Expression log1mexp(Expression x);
/// E[softplus^(derivative)(eta)] for eta ~ N(mean, variance), derivative from 0
/// (softplus) to 6; see `special.gaussian_softplus`.
Expression gaussianSoftplus(Expression mean, Expression variance,
                            unsigned derivative = 0);
Expression lgamma(Expression x);
Expression digamma(Expression x);
Expression trigamma(Expression x);
Expression logBeta(Expression x, Expression y);
Expression normalCDF(Expression x);
Expression normalLogCDF(Expression x);
Expression normalQuantile(Expression x);
/// x log y, which is 0 where x is 0.
Expression xlogy(Expression x, Expression y);
/// x log1p(y), which is 0 where x is 0.
Expression xlog1py(Expression x, Expression y);

/// Comparisons give `i1` (or a tensor of it); NaN compares false.
mlir::Value operator<(Expression a, Expression b);
mlir::Value operator<=(Expression a, Expression b);
mlir::Value operator>(Expression a, Expression b);
mlir::Value operator>=(Expression a, Expression b);
mlir::Value equal(Expression a, Expression b);
/// condition ? a : b, elementwise.
Expression select(mlir::Value condition, Expression a, Expression b);
/// -inf where the condition does not hold.
Expression where(mlir::Value condition, Expression a);
/// Conjunction of conditions.
mlir::Value conjunction(mlir::ImplicitLocOpBuilder &builder, mlir::Value a,
                        mlir::Value b);

/// The value as a floating-point number of `type` (from a boolean, unsigned;
/// from an integer or index, signed; from another float, extended or rounded).
Expression toFloat(mlir::ImplicitLocOpBuilder &builder, mlir::Value value,
                   mlir::Type type);

/// A constant of a float type, or of a shaped type with static shape.
mlir::Value floatConstant(mlir::ImplicitLocOpBuilder &builder, mlir::Type type,
                          double number);

/// Sum of all elements of a tensor of floats (a scalar is its own sum).
Expression sum(Expression tensor);
/// The largest element of a vector; -inf where it has none, NaN where one is.
Expression maximum(Expression vector);
/// log sum_k exp(x_k) over the elements of a vector, or over numbers: from the
/// largest, so that nothing overflows; -inf where all are.
Expression logSumExp(Expression vector);
Expression logSumExp(llvm::ArrayRef<Expression> numbers);
/// Sum of the products of corresponding elements of two tensors of one type,
/// or the product of two scalars.
Expression dot(Expression a, Expression b);
/// Size of dimension `dimension` of a tensor, as an `index`.
mlir::Value dimension(mlir::ImplicitLocOpBuilder &builder, mlir::Value tensor,
                      int64_t dimension);
/// A tensor like `input` whose elements are `function` of its elements.
Expression map(Expression input,
               llvm::function_ref<Expression(Expression)> function);
/// Elementwise function of two tensors of one type.
Expression map(Expression a, Expression b,
               llvm::function_ref<Expression(Expression, Expression)> function);

} // namespace vi

#endif // VI_DIALECT_VI_IR_EXPRESSION_H
