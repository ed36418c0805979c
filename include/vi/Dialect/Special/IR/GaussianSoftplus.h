//===- GaussianSoftplus.h - Gaussian expectations of softplus -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_GAUSSIANSOFTPLUS_H
#define VI_DIALECT_SPECIAL_IR_GAUSSIANSOFTPLUS_H

#include "vi/Dialect/Special/IR/ElementaryFunctions.h"
#include "vi/Dialect/Special/IR/LogisticMixture.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>

namespace vi::special::functions {

/// E[softplus^(k)(eta)] for eta ~ N(mean, variance), as straight code on any
/// type of element (see SpecialFunctions.h; a `Code` here knows `isF32` and
/// `fma` besides).
///
/// The logistic function is a mixture of Phi(x / c) over scales c, in which a
/// Gaussian expectation only changes the scale: with S^2 = variance + c^2 and
/// u = mean / S,
///
///     E[Phi(eta / c)] = Phi(u),
///
/// whose integral in the mean is mean Phi(u) + S phi(u), and whose derivatives
/// are (-1)^j He_j(u) phi(u) / S^(j+1). All are written in |u|: no digits
/// cancel where |mean| is large, and the weights' sum of 1 is exact. What the
/// derivatives have in common is emitted as the same operations for each.
template <class Code> class GaussianSoftplus {
public:
  using Real = typename Code::Real;

  GaussianSoftplus(Code &code, Real mean, Real variance, unsigned derivative)
      : code(code), mean(mean), derivative(derivative) {
    this->variance = code.select(
        variance < 0.0,
        code.constant(std::numeric_limits<double>::quiet_NaN(), mean),
        variance);
  }

  /// `sum` and what a component of the mixture adds to it, for the square of
  /// the component's scale and its weight times 1/sqrt(2 pi).
  Real add(Real sum, Real squaredScale, Real weight,
           const coefficients::LogisticMixture &mixture) const {
    // exp(-u^2/2) is zero from here on.
    constexpr double farthest = 40.0;
    Real s = code.sqrt(variance + squaredScale);
    Real reciprocal = 1.0 / s;
    Real u = elementary::atMost(code, code.abs(mean) * reciprocal, farthest);
    Real density = code.exp((u * -0.5) * u) * weight;
    if (derivative < 2) {
      Real near = elementary::atMost(code, u, mixture.millsBound);
      Real mills = elementary::polynomial(
          code,
          code.fma(near, code.constant(2.0 / mixture.millsBound, near),
                   code.constant(-1.0, near)),
          mixture.mills);
      return derivative == 0
                 ? code.fma(density * s,
                            code.fma(-u, mills, code.constant(1.0, u)), sum)
                 : code.fma(density, mills, sum);
    }
    // phi(u) He_j(u) / S^(j+1), by He_(j+1) = u He_j - j He_(j-1).
    Real term = density * reciprocal;
    if (derivative > 2) {
      Real before = u, hermite = u;
      if (derivative > 3)
        hermite = code.fma(u, u, code.constant(-1.0, u));
      for (unsigned j = 2; j < derivative - 2; ++j) {
        Real next = code.fma(u, hermite, before * -double(j));
        before = hermite;
        hermite = next;
      }
      for (unsigned j = 0; j < derivative - 2; ++j)
        term = term * reciprocal;
      term = term * hermite;
    }
    return sum + term;
  }

  /// The expectation, from the sum over all components. `mean` has the type of
  /// `sum`, which may be that of one number where the components are lanes.
  static Real finish(Code &code, Real mean, Real sum, unsigned derivative) {
    switch (derivative) {
    case 0:
      return elementary::atLeast(code, mean, 0.0) + sum;
    case 1:
      return code.select(mean < 0.0, sum, 1.0 - sum);
    case 3:
    case 5:
      return code.select(mean < 0.0, sum, -sum);
    default:
      return sum;
    }
  }

private:
  Code &code;
  Real mean, variance;
  unsigned derivative;
};

/// 1/sqrt(2 pi).
constexpr double rsqrt2Pi = 0.398942280401432677939946;

/// The expectation, with the components of the mixture one after the other.
template <class Code>
typename Code::Real gaussianSoftplus(Code &code, typename Code::Real mean,
                                     typename Code::Real variance,
                                     unsigned derivative) {
  using Real = typename Code::Real;
  coefficients::LogisticMixture mixture =
      coefficients::logisticMixture(code.isF32(mean));
  GaussianSoftplus<Code> softplus(code, mean, variance, derivative);
  Real sum = code.constant(0.0, mean);
  for (auto [scale, weight] : llvm::zip_equal(mixture.scales, mixture.weights))
    sum = softplus.add(sum, code.constant(scale * scale, mean),
                       code.constant(weight * rsqrt2Pi, mean), mixture);
  return GaussianSoftplus<Code>::finish(code, mean, sum, derivative);
}

} // namespace vi::special::functions

#endif // VI_DIALECT_SPECIAL_IR_GAUSSIANSOFTPLUS_H
