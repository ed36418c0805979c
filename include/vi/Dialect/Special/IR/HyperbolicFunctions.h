//===- HyperbolicFunctions.h - sinh and its family -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hyperbolic functions, but for tanh, and their inverses: see
// ElementaryFunctions.h.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_HYPERBOLICFUNCTIONS_H
#define VI_DIALECT_SPECIAL_IR_HYPERBOLICFUNCTIONS_H

#include "vi/Dialect/Special/IR/Pair.h"

namespace vi::special::elementary {

/// exp(|x|) / 2 and exp(-|x|) / 2, finite as long as the sum is.
template <class Code> struct HalfExponentials {
  using Real = typename Code::Real;
  Real large, small;

  HalfExponentials(Code &code, Real x) : large(x), small(x) {
    const Format &format = formatOf(code, x);
    Real size = atMost(code, code.abs(x), format.expHighest + 1.0);
    ExpArgument<Code> argument(code, size);
    Real high = argument.r + 1.0;
    Real low = argument.tail(code, (argument.r - (high - 1.0)) + argument.rLow);
    large = argument.scale(code, (high + low) * 0.5);
    small = 0.25 / large;
  }
};

/// x + x z p(z) for an odd function near 0.
template <class Code>
typename Code::Real oddPolynomial(Code &code, typename Code::Real x,
                                  llvm::ArrayRef<double> coefficients) {
  typename Code::Real z = x * x;
  return code.fma(x * z, polynomial(code, z, coefficients), x);
}

template <class Code>
typename Code::Real cosh(Code &code, typename Code::Real x) {
  HalfExponentials<Code> half(code, x);
  return half.large + half.small;
}

template <class Code>
typename Code::Real sinh(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  HalfExponentials<Code> half(code, x);
  Real size = code.abs(x);
  Real small = oddPolynomial(code, atMost(code, size, 1.0),
                             coefficients::sinh(formatOf(code, x).kind));
  Real value = code.select(size <= 1.0, small, half.large - half.small);
  return code.copysign(value, x);
}

/// From here on 1 is nothing beside x^2, in f64; far from where that overflows,
/// in f32.
inline constexpr double largeRoot = 0x1p40;

/// log(y) of two parts where y is 1 or more, log(2 x) from where x^2 is not
/// representable beside 1 or at all.
template <class Code>
typename Code::Real logOfRoot(Code &code, typename Code::Real x, Pair<Code> y) {
  using Real = typename Code::Real;
  Real zero = code.constant(0.0, x);
  auto isLarge = x > largeRoot;
  Real high = code.select(isLarge, x, y.high);
  Real low = code.select(isLarge, zero, y.low);
  auto argument = LogArgument<Code>::of(code, high);
  argument.k = argument.k + code.select(isLarge, code.constant(1.0, x), zero);
  Real scaled = low * argument.reciprocalPower(code) * 0.5;
  Real value = argument.log(code, code.fma(-scaled, argument.f, scaled));
  return logEdges(code, high, value);
}

/// asinh(x) = log(x + sqrt(x^2 + 1)) from 1/2 on.
template <class Code>
typename Code::Real asinh(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real size = code.abs(x);
  Real small = oddPolynomial(code, atMost(code, size, 0.5),
                             coefficients::asinh(formatOf(code, x).kind));
  Real y = atMost(code, size, largeRoot);
  Pair<Code> square = exactProduct(code, y, y);
  Pair<Code> more = exactSum(code, square.high, code.constant(1.0, x));
  more.low = more.low + square.low;
  Pair<Code> root = exactRoot(code, more);
  Pair<Code> sum = exactSum(code, y, root.high);
  sum.low = sum.low + root.low;
  Real large = logOfRoot(code, size, sum);
  return code.copysign(code.select(size <= 0.5, small, large), x);
}

/// acosh(x) = log(1 + t + sqrt(t (2 + t))) where t = x - 1.
template <class Code>
typename Code::Real acosh(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real one = code.constant(1.0, x);
  Real y = atMost(code, x, largeRoot);
  Real t = y - 1.0;
  Pair<Code> sum = exactSum(code, y, one);
  Pair<Code> square = exactProduct(code, t, sum.high);
  square.low = code.fma(t, sum.low, square.low);
  Pair<Code> root = exactRoot(code, square);
  Pair<Code> whole = exactSum(code, t, root.high);
  Pair<Code> high = exactSum(code, one, whole.high);
  high.low = high.low + (whole.low + root.low);
  Real value = logOfRoot(code, x, high);
  Real nan = code.constant(std::numeric_limits<double>::quiet_NaN(), x);
  return code.select(x < 1.0, nan, value);
}

/// Half of 2 artanh(x), which is in log, near 0, and of log((1 + x) / (1 - x)).
template <class Code>
typename Code::Real atanh(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  Real size = code.abs(x), one = code.constant(1.0, x);
  double bound = 0.171;
  Real y = atMost(code, size, bound);
  Real z = y * y;
  Real small = code.fma(y * z * 0.5,
                        polynomial(code, z, coefficients::log(format.kind)), y);
  Pair<Code> ratio = exactQuotient(code, exactSum(code, one, size),
                                   exactSum(code, one, -size));
  auto isInside = size < 1.0;
  Real high = code.select(isInside, ratio.high, one);
  Real low = code.select(isInside, ratio.low, code.constant(0.0, x));
  Real large = logOfSum(code, high, low) * 0.5;
  Real infinity = code.constant(std::numeric_limits<double>::infinity(), x);
  Real nan = code.constant(std::numeric_limits<double>::quiet_NaN(), x);
  large = code.select(isInside, large, code.select(size == 1.0, infinity, nan));
  return code.copysign(code.select(size <= bound, small, large), x);
}

} // namespace vi::special::elementary

#endif // VI_DIALECT_SPECIAL_IR_HYPERBOLICFUNCTIONS_H
