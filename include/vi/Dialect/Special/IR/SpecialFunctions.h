//===- SpecialFunctions.h - methods of evaluation -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each special function is written once, as a template over the code that it
// becomes: `HostCode` evaluates it (for constant folding and tests), and
// `ScalarCode` emits it as IR (for `vi-lower-special`). So what is folded is
// what would have been computed.
//
// A `Code` provides types `Real`, `Integer` and `Boolean` with the arithmetic
// operators, `constant`, the functions of `math`, `select` (both sides are
// evaluated), `choose` (one side is, where the code is scalar), `loop`, and the
// special functions themselves, which are calls.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_SPECIALFUNCTIONS_H
#define VI_DIALECT_SPECIAL_IR_SPECIALFUNCTIONS_H

#include <initializer_list>
#include <limits>
#include <tuple>

namespace vi::special::functions {

constexpr double pi = 3.141592653589793238462643;
constexpr double log2 = 0.693147180559945309417232;
constexpr double sqrtHalf = 0.707106781186547524400844;
constexpr double sqrt2Pi = 2.506628274631000502415765;
constexpr double halfLog2Pi = 0.918938533204672741780330;
constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
/// More steps than any series or continued fraction of the gamma function
/// takes: from this concentration on an expansion replaces them where they are
/// slow.
constexpr double maximumSteps = 50000.0;
constexpr double largeConcentration = 1e6;

/// The polynomial with these coefficients, that of the constant term first, by
/// Horner's rule.
template <class Code>
typename Code::Real polynomial(Code &code, typename Code::Real x,
                               std::initializer_list<double> coefficients) {
  const auto *it = coefficients.end();
  typename Code::Real sum = code.constant(*--it, x);
  while (it != coefficients.begin())
    sum = sum * x + *--it;
  return sum;
}

//===----------------------------------------------------------------------===//
// Around the logistic function: straight code on any type of element
//===----------------------------------------------------------------------===//

template <class Code>
typename Code::Real sigmoid(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real e = code.exp(-code.abs(x));
  return code.select(x >= 0.0, code.constant(1.0, x), e) / (1.0 + e);
}

template <class Code>
typename Code::Real softplus(Code &code, typename Code::Real x) {
  return code.maximum(x, code.constant(0.0, x)) +
         code.log1p(code.exp(-code.abs(x)));
}

template <class Code>
typename Code::Real logSigmoid(Code &code, typename Code::Real x) {
  return code.minimum(x, code.constant(0.0, x)) -
         code.log1p(code.exp(-code.abs(x)));
}

/// Beyond 1e15, 1 + x^2 is x^2 and 1 + |x| is |x|, in f64 as in f32.
template <class Code>
typename Code::Real log1pSquare(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real size = code.abs(x);
  auto large = size > 1e15;
  Real logarithm = code.log1p(code.select(large, size, x * x));
  return code.select(large, 2.0 * logarithm, logarithm);
}

template <class Code>
typename Code::Real log1mexp(Code &code, typename Code::Real x) {
  return code.choose(
      x <= log2, [&] { return code.log(-code.expm1(-x)); },
      [&] { return code.log1p(-code.exp(-x)); });
}

//===----------------------------------------------------------------------===//
// The normal distribution function
//===----------------------------------------------------------------------===//

/// erfc(x / sqrt 2). The rounding of the quotient y, which the tail multiplies
/// by 2 y, is found by splitting both factors (Dekker) and put right.
template <class Code>
typename Code::Real erfcScaled(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  constexpr double high = 0x1.6a09e60000000p-1, low = 0x1.9fcef34000000p-27,
                   rest = -4.833646656726457e-17;
  Real y = x * sqrtHalf;
  Real shifted = x * 134217729.0;
  Real xHigh = shifted - (shifted - x);
  Real xLow = x - xHigh;
  Real lost =
      ((xHigh * high - y) + xHigh * low + xLow * high) + xLow * low + x * rest;
  Real value = code.erfc(y);
  return code.select(y > 1.0 && y < 40.0, value * (1.0 - 2.0 * y * lost),
                     value);
}

template <class Code>
typename Code::Real normalCDF(Code &code, typename Code::Real x) {
  return 0.5 * erfcScaled(code, -x);
}

template <class Code>
typename Code::Real normalLogCDF(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  return code.choose(
      x > -20.0,
      [&] {
        return code.choose(
            x > -1.0, [&] { return code.log1p(-0.5 * erfcScaled(code, x)); },
            [&] { return code.log(0.5 * erfcScaled(code, -x)); });
      },
      [&] {
        // Mills' ratio is (1 - 1/x^2 + 3/x^4 - ...) / |x|; at |x| = 20 the
        // first term left out is 2e-17 of the first.
        Real z = 1.0 / (x * x);
        Real tail = z * polynomial(code, z,
                                   {-1.0, 3.0, -15.0, 105.0, -945.0, 10395.0,
                                    -135135.0, 2027025.0});
        return -0.5 * x * x - code.log(-x) - halfLog2Pi + code.log1p(tail);
      });
}

/// Wichura's PPND16.
template <class Code>
typename Code::Real normalQuantile(Code &code, typename Code::Real p) {
  using Real = typename Code::Real;
  Real q = p - 0.5;
  return code.choose(
      code.abs(q) <= 0.425,
      [&] {
        Real r = 0.180625 - q * q;
        return q *
               polynomial(code, r,
                          {3.3871328727963666080e0, 1.3314166789178437745e+2,
                           1.9715909503065514427e+3, 1.3731693765509461125e+4,
                           4.5921953931549871457e+4, 6.7265770927008700853e+4,
                           3.3430575583588128105e+4,
                           2.5090809287301226727e+3}) /
               polynomial(code, r,
                          {1.0, 4.2313330701600911252e+1,
                           6.8718700749205790830e+2, 5.3941960214247511077e+3,
                           2.1213794301586595867e+4, 3.9307895800092710610e+4,
                           2.8729085735721942674e+4, 5.2264952788528545610e+3});
      },
      [&] {
        Real tail = code.minimum(p, 1.0 - p);
        Real r = code.sqrt(-code.log(tail));
        Real x = code.choose(
            r <= 5.0,
            [&] {
              Real s = r - 1.6;
              return polynomial(
                         code, s,
                         {1.42343711074968357734e0, 4.63033784615654529590e0,
                          5.76949722146069140550e0, 3.64784832476320460504e0,
                          1.27045825245236838258e0, 2.41780725177450611770e-1,
                          2.27238449892691845833e-2,
                          7.74545014278341407640e-4}) /
                     polynomial(
                         code, s,
                         {1.0, 2.05319162663775882187e0,
                          1.67638483018380384940e0, 6.89767334985100004550e-1,
                          1.48103976427480074590e-1, 1.51986665636164571966e-2,
                          5.47593808499534494600e-4,
                          1.05075007164441684324e-9});
            },
            [&] {
              Real s = r - 5.0;
              Real rational =
                  polynomial(
                      code, s,
                      {6.65790464350110377720e0, 5.46378491116411436990e0,
                       1.78482653991729133580e0, 2.96560571828504891230e-1,
                       2.65321895265761230930e-2, 1.24266094738807843860e-3,
                       2.71155556874348757815e-5, 2.01033439929228813265e-7}) /
                  polynomial(
                      code, s,
                      {1.0, 5.99832206555887937690e-1,
                       1.36929880922735805310e-1, 1.48753612908506148525e-2,
                       7.86869131145613259100e-4, 1.84631831751005468180e-5,
                       1.42151175831644588870e-7, 2.04426310338993978564e-15});
              // At p = 0 the rational function is inf / inf.
              return code.select(r < infinity, rational, r);
            });
        // Outside [0, 1] the logarithm is that of a negative number.
        return code.select(q < 0.0, -x, x);
      });
}

//===----------------------------------------------------------------------===//
// The gamma function's family
//===----------------------------------------------------------------------===//

/// psi(x) - log(x) for x >= 10, by the asymptotic series.
template <class Code>
typename Code::Real digammaTail(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real reciprocal = 1.0 / x;
  Real z = reciprocal * reciprocal;
  return -0.5 * reciprocal -
         z * polynomial(code, z,
                        {1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132,
                         -691.0 / 32760, 1.0 / 12, -3617.0 / 8160});
}

/// psi(x) for x > 0.
template <class Code>
typename Code::Real digammaOfPositive(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  return code.choose(
      x < 10.0,
      [&] {
        // Into [1, 2): by one step up, or by steps down, which add terms of
        // one sign.
        auto [t, shift] =
            code.loop([&](Real t, Real shift) { return t >= 2.0; },
                      [&](Real t, Real shift) {
                        Real next = t - 1.0;
                        return std::make_tuple(next, shift + 1.0 / next);
                      },
                      code.select(x < 1.0, x + 1.0, x),
                      code.select(x < 1.0, -1.0 / x, code.constant(0.0, x)));
        // psi(t) / (t - root), interpolated on [1, 2]; the root in two parts.
        Real value =
            ((t - 1.4616321449683622) - 9.5499954299656977e-17) *
            polynomial(code, t - 1.5,
                       {0.951055876031833,      -0.4236274212814605,
                        0.2405424842407742,     -0.14840492305390884,
                        0.09498872445494122,    -0.061922133273064534,
                        0.04076083381242074,    -0.02697579675613825,
                        0.0179072524394512,     -0.011908218001568644,
                        0.007926944646403797,   -0.005279964873257405,
                        0.003519006401502276,   -0.002345267632540769,
                        0.0015566317474486838,  -0.0010376374098418604,
                        0.0007233266279287554,  -0.0004821990530566789,
                        0.0002272331660987376,  -0.00015148586836773365,
                        0.00025968482126430747, -0.00017312261802727394});
        return value + shift;
      },
      [&] { return code.log(x) + digammaTail(code, x); });
}

template <class Code>
typename Code::Real digamma(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  return code.choose(
      x <= 0.0,
      [&] {
        // The distance from the nearest pole, which is exact.
        Real distance =
            code.select(code.abs(x) < 0.5, x, x - code.roundeven(x));
        Real reflected =
            digammaOfPositive(code, 1.0 - x) - pi / code.tan(pi * distance);
        return code.select((distance == 0.0) && (x != 0.0),
                           code.constant(notANumber, x), reflected);
      },
      [&] { return digammaOfPositive(code, x); });
}

/// psi'(x) for x > 0.
template <class Code>
typename Code::Real trigammaOfPositive(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  auto [t, shift] =
      code.loop([&](Real t, Real shift) { return t < 10.0; },
                [&](Real t, Real shift) {
                  return std::make_tuple(t + 1.0, shift + 1.0 / (t * t));
                },
                x, code.constant(0.0, x));
  Real reciprocal = 1.0 / t;
  Real z = reciprocal * reciprocal;
  return shift + (reciprocal + 0.5 * z +
                  reciprocal * z *
                      polynomial(code, z,
                                 {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30,
                                  5.0 / 66, -691.0 / 2730, 7.0 / 6,
                                  -3617.0 / 510, 43867.0 / 798}));
}

template <class Code>
typename Code::Real trigamma(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  return code.choose(
      x <= 0.0,
      [&] {
        Real distance =
            code.select(code.abs(x) < 0.5, x, x - code.roundeven(x));
        Real ratio = pi / code.sin(pi * distance);
        return ratio * ratio - trigammaOfPositive(code, 1.0 - x);
      },
      [&] { return trigammaOfPositive(code, x); });
}

/// log Gamma(x) less Stirling's formula (x - 1/2) log x - x + log(2 pi) / 2,
/// for x >= 10.
template <class Code>
typename Code::Real stirlingRemainder(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real reciprocal = 1.0 / x;
  return reciprocal * polynomial(code, reciprocal * reciprocal,
                                 {1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680,
                                  1.0 / 1188, -691.0 / 360360, 1.0 / 156});
}

template <class Code>
typename Code::Real logBeta(Code &code, typename Code::Real a,
                            typename Code::Real b) {
  using Real = typename Code::Real;
  Real small = code.minimum(a, b);
  Real large = code.maximum(a, b);
  return code.choose(
      large >= 10.0,
      [&] {
        // log(small + large) = log(large) + log1p(ratio).
        Real ratio = small / large;
        Real logSum = code.log1p(ratio);
        Real difference = stirlingRemainder(code, large) -
                          stirlingRemainder(code, small + large);
        Real value = code.choose(
            small >= 10.0,
            [&] {
              return halfLog2Pi - 0.5 * code.log(large) +
                     (stirlingRemainder(code, small) + difference) +
                     (small - 0.5) * (code.log(ratio) - logSum) -
                     large * logSum;
            },
            [&] {
              return code.lgamma(small) + difference +
                     (small - (large - 0.5) * logSum) -
                     small * (code.log(large) + logSum);
            });
        Real atInfinity = code.select(small > 0.0, code.constant(-infinity, a),
                                      code.constant(notANumber, a));
        value = code.select(large == infinity, atInfinity, value);
        return code.select(small < 0.0, code.constant(notANumber, a), value);
      },
      [&] {
        Real value = code.lgamma(small) + code.lgamma(large) -
                     code.lgamma(small + large);
        value = code.select(small == 0.0, code.constant(infinity, a), value);
        return code.select(small < 0.0, code.constant(notANumber, a), value);
      });
}

//===----------------------------------------------------------------------===//
// Incomplete gamma and beta functions
//===----------------------------------------------------------------------===//

/// t - log(1 + t), of full relative accuracy around t = 0, where 1 + t is
/// `ratio`.
template <class Code>
typename Code::Real logDeficit(Code &code, typename Code::Real t,
                               typename Code::Real ratio) {
  using Real = typename Code::Real;
  return code.choose(
      code.abs(t) < 0.1,
      [&] {
        // log(1 + t) = 2 artanh(r) with r = t / (2 + t), and t - 2 r = t r.
        Real r = t / (2.0 + t);
        Real s = r * r;
        return r * (t - 2.0 * s *
                            polynomial(code, s,
                                       {1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9,
                                        1.0 / 11, 1.0 / 13, 1.0 / 15}));
      },
      [&] { return t - code.log(ratio); });
}

/// x^a exp(-x) / Gamma(a + 1), for a > 0 and x > 0.
template <class Code>
typename Code::Real gammaPrefactor(Code &code, typename Code::Real a,
                                   typename Code::Real x) {
  using Real = typename Code::Real;
  return code.choose(
      a >= 10.0,
      [&] {
        Real deficit = logDeficit(code, (x - a) / a, x / a);
        return code.exp(-a * deficit - stirlingRemainder(code, a)) /
               code.sqrt(2.0 * pi * a);
      },
      [&] { return code.exp(a * code.log(x) - x - code.lgamma(a + 1.0)); });
}

/// P(a, x) by its power series, for 0 < x < a + 1.
template <class Code>
typename Code::Real gammaSeries(Code &code, typename Code::Real a,
                                typename Code::Real x) {
  using Real = typename Code::Real;
  auto [term, sum, n] = code.loop(
      [&](Real term, Real sum, Real n) {
        return (term > sum * (0.5 * epsilon)) && (n < maximumSteps);
      },
      [&](Real term, Real sum, Real n) {
        Real next = term * (x / (a + n));
        return std::make_tuple(next, sum + next, n + 1.0);
      },
      code.constant(1.0, x), code.constant(1.0, x), code.constant(1.0, x));
  return sum * gammaPrefactor(code, a, x);
}

/// The h with Gamma(a, x) = x^a exp(-x) h, and d/da log h, by the continued
/// fraction and its derivative, for x > max(1, a).
template <class Code>
std::tuple<typename Code::Real, typename Code::Real>
gammaFraction(Code &code, typename Code::Real a, typename Code::Real x) {
  using Real = typename Code::Real;
  // The modified Lentz algorithm: c and d are the ratios of successive
  // numerators and denominators; dc, dd are their derivatives in a.
  Real b0 = x + 1.0 - a;
  Real d0 = 1.0 / b0;
  auto [n, b, c, dc, d, dd, h, dlogh, change, dchange] = code.loop(
      [&](Real n, Real b, Real c, Real dc, Real d, Real dd, Real h, Real dlogh,
          Real change, Real dchange) {
        return ((code.abs(change - 1.0) > epsilon) ||
                (code.abs(dchange) > epsilon * code.abs(dlogh))) &&
               (n < maximumSteps);
      },
      [&](Real n, Real b, Real c, Real dc, Real d, Real dd, Real h, Real dlogh,
          Real change, Real dchange) {
        Real numerator = n * (a - n);
        Real nextB = b + 2.0;
        Real denominator = nextB + numerator * d;
        Real ddenominator = n * d + numerator * dd - 1.0;
        Real nextD = 1.0 / denominator;
        Real nextDD = -ddenominator * nextD * nextD;
        Real nextC = nextB + numerator / c;
        Real nextDC = (n - numerator * dc / c) / c - 1.0;
        Real factor = nextC * nextD;
        Real dfactor = (nextDC * nextD + nextC * nextDD) / factor;
        return std::make_tuple(n + 1.0, nextB, nextC, nextDC, nextD, nextDD,
                               h * factor, dlogh + dfactor, factor, dfactor);
      },
      code.constant(1.0, x), b0, code.constant(1e300, x), code.constant(0.0, x),
      d0, d0 * d0, d0, d0, code.constant(0.0, x), code.constant(1.0, x));
  return {h, dlogh};
}

/// What the uniform expansion for large a is made of (N. M. Temme (1979), "The
/// asymptotic expansion of the incomplete gamma functions", SIAM Journal on
/// Mathematical Analysis 10, 757-766; dlmf.nist.gov 8.12), for x within a tenth
/// of a.
template <class Code> struct LargeGamma {
  using Real = typename Code::Real;
  /// x / a - 1, log(x / a) and half the square of `eta`.
  Real mu, logRatio, deficit;
  /// The root of 2 `deficit` of the sign of mu; near it, the distribution is
  /// that of a normal variable eta sqrt(a).
  Real eta;
  /// The first two coefficients of the remainder, and the derivative of the
  /// first in eta.
  Real c0, c1, slope;

  LargeGamma(Code &code, Real a, Real x)
      : mu((x - a) / a), logRatio(mu), deficit(mu), eta(mu), c0(mu), c1(mu),
        slope(mu) {
    // At 0 the quotients below have their limits, which a tiny mu gives.
    mu = code.select(mu == 0.0, code.constant(1e-30, mu), mu);
    logRatio = code.log1p(mu);
    deficit = logDeficit(code, mu, 1.0 + mu);
    Real root = code.sqrt(2.0 * deficit);
    eta = code.select(mu < 0.0, -root, root);
    // At a = 10^6 the terms left out are below 1e-12 of the remainder.
    c0 = polynomial(code, eta,
                    {-1.0 / 3, 1.0 / 12, -2.0 / 135, 1.0 / 864, 1.0 / 2835,
                     -139.0 / 777600, 1.0 / 25515});
    c1 = polynomial(code, eta, {-1.0 / 540, -1.0 / 288, 1.0 / 378});
    slope = polynomial(code, eta,
                       {1.0 / 12, -4.0 / 135, 1.0 / 288, 4.0 / 2835,
                        -139.0 / 155520, 2.0 / 8505});
  }
};

/// P or Q for a large a and x within a tenth of it.
template <class Code>
typename Code::Real regularizedLargeGamma(Code &code, typename Code::Real a,
                                          typename Code::Real x,
                                          bool complement) {
  using Real = typename Code::Real;
  LargeGamma<Code> large(code, a, x);
  Real exponent = a * large.deficit;
  Real root = code.sqrt(exponent);
  Real signedRoot = code.select(large.mu < 0.0, -root, root);
  Real remainder =
      code.exp(-exponent) / code.sqrt(2.0 * pi * a) * (large.c0 + large.c1 / a);
  return complement ? 0.5 * code.erfc(signedRoot) + remainder
                    : 0.5 * code.erfc(-signedRoot) - remainder;
}

/// P (or, with `complement`, Q) where the series, or the fraction, gives it.
template <class Code>
typename Code::Real regularizedGamma(Code &code, typename Code::Real a,
                                     typename Code::Real x, bool complement) {
  using Real = typename Code::Real;
  Real atZero = code.constant(complement ? 1.0 : 0.0, x);
  Real atInfinity = code.constant(complement ? 0.0 : 1.0, x);
  Real nan = code.constant(notANumber, x);
  return code.choose(
      (a > 0.0) && (x > 0.0) && (x < infinity) && (a < infinity),
      [&] {
        return code.choose(
            a >= largeConcentration && code.abs(x - a) < 0.1 * a,
            [&] { return regularizedLargeGamma(code, a, x, complement); },
            [&] {
              return code.choose(
                  x < a + 1.0,
                  [&] {
                    Real p = gammaSeries(code, a, x);
                    return complement ? 1.0 - p : p;
                  },
                  [&] {
                    auto [h, dlogh] = gammaFraction(code, a, x);
                    Real q = gammaPrefactor(code, a, x) * a * h;
                    return complement ? q : 1.0 - q;
                  });
            });
      },
      [&] {
        // Outside: one of the operands is at an edge, or there is no value.
        Real value = code.select((a > 0.0) && (x == 0.0), atZero, nan);
        value = code.select((a >= 0.0) && (a < infinity) && (x == infinity),
                            atInfinity, value);
        value = code.select((a == 0.0) && (x > 0.0), atInfinity, value);
        return code.select((a == infinity) && (x >= 0.0) && (x < infinity),
                           atZero, value);
      });
}

template <class Code>
typename Code::Real regularizedGammaP(Code &code, typename Code::Real a,
                                      typename Code::Real x) {
  return regularizedGamma(code, a, x, /*complement=*/false);
}

template <class Code>
typename Code::Real regularizedGammaQ(Code &code, typename Code::Real a,
                                      typename Code::Real x) {
  return regularizedGamma(code, a, x, /*complement=*/true);
}

/// x^a y^b / B(a, b), for a, b > 0 and y = 1 - x in (0, 1).
template <class Code>
typename Code::Real betaPrefactor(Code &code, typename Code::Real a,
                                  typename Code::Real b, typename Code::Real x,
                                  typename Code::Real y) {
  using Real = typename Code::Real;
  return code.choose(
      code.minimum(a, b) >= 10.0,
      [&] {
        Real offset = a * y - b * x;
        Real sum = a + b;
        Real exponent = a * logDeficit(code, -offset / a, x * (sum / a)) +
                        b * logDeficit(code, offset / b, y * (sum / b));
        Real remainder = stirlingRemainder(code, a) +
                         stirlingRemainder(code, b) -
                         stirlingRemainder(code, sum);
        return code.exp(-exponent - remainder) *
               code.sqrt(a / (2.0 * pi) * (b / sum));
      },
      [&] {
        Real logX = code.select(x < 0.5, code.log(x), code.log1p(-y));
        Real logY = code.select(x < 0.5, code.log1p(-x), code.log(y));
        return code.exp(a * logX + b * logY - code.logBeta(a, b));
      });
}

template <class Code>
typename Code::Real regularizedBeta(Code &code, typename Code::Real a,
                                    typename Code::Real b,
                                    typename Code::Real x) {
  using Real = typename Code::Real;
  return code.choose(
      (a > 0.0) && (b > 0.0) && (a < infinity) && (b < infinity) && (x > 0.0) &&
          (x < 1.0),
      [&] {
        // The fraction converges fast below the mean; above, the complement.
        auto below = x < (a + 1.0) / (a + b + 2.0);
        Real y = 1.0 - x;
        Real p = code.select(below, a, b);
        Real q = code.select(below, b, a);
        Real u = code.select(below, x, y);
        Real v = code.select(below, y, x);
        Real sum = p + q;
        Real c0 = code.constant(1.0, x);
        Real d0 = 1.0 / (1.0 - sum * u / (p + 1.0));
        auto [m, c, d, h, change] = code.loop(
            [&](Real m, Real c, Real d, Real h, Real change) {
              return (code.abs(change - 1.0) > epsilon) && (m < maximumSteps);
            },
            [&](Real m, Real c, Real d, Real h, Real change) {
              Real m2 = 2.0 * m;
              Real even = m / (p + m2 - 1.0) * ((q - m) / (p + m2)) * u;
              Real dEven = 1.0 / (1.0 + even * d);
              Real cEven = 1.0 + even / c;
              Real odd =
                  -((p + m) / (p + m2)) * ((sum + m) / (p + m2 + 1.0)) * u;
              Real dOdd = 1.0 / (1.0 + odd * dEven);
              Real cOdd = 1.0 + odd / cEven;
              Real factor = cOdd * dOdd;
              return std::make_tuple(m + 1.0, cOdd, dOdd,
                                     h * (dEven * cEven) * factor, factor);
            },
            code.constant(1.0, x), c0, d0, d0, code.constant(0.0, x));
        Real value = betaPrefactor(code, p, q, u, v) * h / p;
        return code.select(below, value, 1.0 - value);
      },
      [&] {
        Real nan = code.constant(notANumber, x);
        auto positive = (a > 0.0) && (b > 0.0);
        Real value =
            code.select(positive && (x == 0.0), code.constant(0.0, x), nan);
        return code.select(positive && (x == 1.0), code.constant(1.0, x),
                           value);
      });
}

/// The derivative of a draw by the uniform expansion, whose terms are
/// differentiated at fixed x.
template <class Code>
typename Code::Real largeGammaDrawDerivative(Code &code, typename Code::Real a,
                                             typename Code::Real x) {
  using Real = typename Code::Real;
  LargeGamma<Code> large(code, a, x);
  Real sum = large.logRatio / large.eta +
             large.logRatio * (large.c0 + large.c1 / a) -
             (large.slope * large.mu / large.eta + 0.5 * large.c0) / a;
  // The density is that of the normal variable but for Stirling's remainder.
  return x / a * code.exp(stirlingRemainder(code, a)) * sum;
}

/// The same by the power series or the continued fraction.
template <class Code>
typename Code::Real smallGammaDrawDerivative(Code &code, typename Code::Real a,
                                             typename Code::Real x) {
  using Real = typename Code::Real;
  // psi(a) - log x, without cancellation where a and x are large.
  Real gap = code.choose(
      a >= 10.0,
      [&] {
        return digammaTail(code, a) +
               code.choose(
                   code.abs(a - x) < 0.5 * x,
                   [&] { return code.log1p((a - x) / x); },
                   [&] { return code.log(a) - code.log(x); });
      },
      [&] { return code.digamma(a) - code.log(x); });
  return code.choose(
      x <= 1.0 || x <= a,
      [&] {
        // Sum of x^(n+1) Gamma(a) / Gamma(a+n+1) (psi(a+n+1) - log x).
        Real first = x / a;
        Real firstGap = code.choose(
            a < 1.0, [&] { return code.digamma(a + 1.0) - code.log(x); },
            [&] { return gap + 1.0 / a; });
        auto [term, shift, sum, n] = code.loop(
            [&](Real term, Real shift, Real sum, Real n) {
              return term * code.abs(shift) >
                         code.abs(sum) * (0.25 * epsilon) &&
                     n < maximumSteps;
            },
            [&](Real term, Real shift, Real sum, Real n) {
              Real next = term * (x / (a + n));
              Real nextShift = shift + 1.0 / (a + n);
              return std::make_tuple(next, nextShift, sum + next * nextShift,
                                     n + 1.0);
            },
            first, firstGap, first * firstGap, code.constant(1.0, x));
        return sum;
      },
      [&] {
        auto [h, dlogh] = gammaFraction(code, a, x);
        return x * h * (dlogh - gap);
      });
}

template <class Code>
typename Code::Real gammaDrawDerivative(Code &code, typename Code::Real a,
                                        typename Code::Real x) {
  return code.choose(
      a > 0.0 && a < infinity && x > 0.0 && x < infinity,
      [&] {
        return code.choose(
            a >= largeConcentration && code.abs(x - a) < 0.1 * a,
            [&] { return largeGammaDrawDerivative(code, a, x); },
            [&] { return smallGammaDrawDerivative(code, a, x); });
      },
      [&] {
        return code.select(a > 0.0 && x == 0.0, code.constant(0.0, x),
                           code.constant(notANumber, x));
      });
}

} // namespace vi::special::functions

#endif // VI_DIALECT_SPECIAL_IR_SPECIALFUNCTIONS_H
