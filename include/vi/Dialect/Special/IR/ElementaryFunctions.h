//===- ElementaryFunctions.h - straight code for functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementary functions as arithmetic without branches, tables or calls, so that
// a vector of operands costs what one does. Each is written once, as a template
// over the code that it becomes, and for both precisions (see
// SpecialFunctions.h; besides what is required there, a `Code` here knows
// `isF32`, `fma`, `bits` and `fromBits`). All work with and without fused
// multiply-add: `fma` rounds twice where the target has none, and nothing here
// relies on more.
//
// Errors are counted in units in the last place of the result (ulp). Where two
// functions of one argument share work (softplus and sigmoid: exp(-|x|)) they
// emit the same operations for it, which common subexpression elimination
// merges.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_ELEMENTARYFUNCTIONS_H
#define VI_DIALECT_SPECIAL_IR_ELEMENTARYFUNCTIONS_H

#include "vi/Dialect/Special/IR/Coefficients.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <limits>

namespace vi::special::elementary {

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

/// What the methods need to know of a binary format.
struct Format {
  /// Stored bits of the significand, and the bias of the exponent.
  unsigned significandBits;
  uint64_t bias;
  /// The bits of 1 and of the square root of 1/2.
  uint64_t one, sqrtHalf;
  /// log 2 in two parts, of which the first has so few bits that its product
  /// with an exponent is exact.
  double log2High, log2Low;
  /// Beyond these exp is 0 or infinite.
  double expLowest, expHighest;
  /// Below this, exp(x) - 1 is -1; negligible beside 1.
  double expm1Lowest, negligible;
  /// Below this a number is subnormal; what brings it into the range of normal
  /// numbers, and its exponent.
  double smallestNormal, rescale;
  int rescaleExponent;
  coefficients::Format kind;

  /// 2^significandBits: from there on numbers are whole.
  double whole() const { return double(uint64_t(1) << significandBits); }
  uint64_t significandMask() const {
    return (uint64_t(1) << significandBits) - 1;
  }
};

inline constexpr Format f64Format = {52,
                                     1023,
                                     0x3ff0000000000000,
                                     0x3fe6a09e667f3bcd,
                                     0x1.62e42fefa3800p-1,
                                     0x1.ef35793c76730p-45,
                                     -746.0,
                                     710.0,
                                     -40.0,
                                     0x1p-54,
                                     0x1p-1022,
                                     0x1p54,
                                     54,
                                     coefficients::F64};
inline constexpr Format f32Format = {23,          127,
                                     0x3f800000,  0x3f3504f3,
                                     0x1.62e4p-1, 0x1.7f7d1cp-20,
                                     -104.0,      89.0,
                                     -20.0,       0x1p-25,
                                     0x1p-126,    0x1p25,
                                     25,          coefficients::F32};

template <class Code>
const Format &formatOf(Code &code, typename Code::Real x) {
  return code.isF32(x) ? f32Format : f64Format;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// The polynomial with these coefficients, that of the constant term first: its
/// even and odd parts by Horner's rule, two short chains in place of a long
/// one. There are at least two coefficients.
template <class Code>
typename Code::Real polynomial(Code &code, typename Code::Real x,
                               typename Code::Real square,
                               llvm::ArrayRef<double> coefficients) {
  using Real = typename Code::Real;
  auto half = [&](size_t k) {
    size_t first = k % 2;
    Real sum = code.constant(coefficients[k], x);
    while (k != first) {
      k -= 2;
      sum = code.fma(sum, square, code.constant(coefficients[k], x));
    }
    return sum;
  };
  size_t degree = coefficients.size() - 1;
  Real upper = half(degree), lower = half(degree - 1);
  return degree % 2 ? code.fma(upper, x, lower) : code.fma(lower, x, upper);
}

template <class Code>
typename Code::Real polynomial(Code &code, typename Code::Real x,
                               llvm::ArrayRef<double> coefficients) {
  return polynomial(code, x, x * x, coefficients);
}

/// The smaller of x and a bound; NaN for NaN.
template <class Code>
typename Code::Real atMost(Code &code, typename Code::Real x, double bound) {
  typename Code::Real limit = code.constant(bound, x);
  return code.select(limit < x, limit, x);
}

/// The larger of x and a bound; NaN for NaN.
template <class Code>
typename Code::Real atLeast(Code &code, typename Code::Real x, double bound) {
  typename Code::Real limit = code.constant(bound, x);
  return code.select(x < limit, limit, x);
}

/// What the product p of a and b rounds off: a b - p.
template <class Code>
typename Code::Real lostByProduct(Code &code, typename Code::Real a,
                                  typename Code::Real b,
                                  typename Code::Real p) {
  using Real = typename Code::Real;
  if (code.isFused())
    return code.fma(a, b, -p);
  // T. J. Dekker (1971), "A floating-point technique for extending the
  // available precision": factors of half the bits, by rounding to them, so
  // that their products are exact.
  const Format &format = formatOf(code, a);
  uint64_t cut = (format.significandBits + 2) / 2;
  auto high = [&](Real x) {
    uint64_t half = uint64_t(1) << (cut - 1);
    return code.fromBits(((code.bits(x) + half) >> cut) << cut);
  };
  Real aHigh = high(a), bHigh = high(b);
  Real aLow = a - aHigh, bLow = b - bHigh;
  Real rest = (aHigh * bHigh - p) + aHigh * bLow;
  return (rest + aLow * bHigh) + aLow * bLow;
}

/// What the sum s of a and b rounds off, whichever is larger: a + b - s.
template <class Code>
typename Code::Real lostBySum(Code &code, typename Code::Real a,
                              typename Code::Real b, typename Code::Real s) {
  using Real = typename Code::Real;
  Real part = s - a;
  Real lost = a - (s - part);
  return (b - part) + lost;
}

/// (n + nLow) / (d + dLow) for d in [1, 2], where the second parts are below an
/// ulp of the first.
template <class Code>
typename Code::Real quotient(Code &code, typename Code::Real n,
                             typename Code::Real nLow, typename Code::Real d,
                             typename Code::Real dLow) {
  using Real = typename Code::Real;
  Real q = n / d;
  // The chord of 1/d is close enough for a correction.
  Real reciprocal = code.fma(d, code.constant(-0.5, d), code.constant(1.5, d));
  return code.fma(code.fma(-q, dLow, nLow), reciprocal, q);
}

//===----------------------------------------------------------------------===//
// exp and its relatives
//===----------------------------------------------------------------------===//

/// x = n log 2 + r with |r| <= log(2) / 2, after W. J. Cody and W. Waite
/// (1980), "Software Manual for the Elementary Functions".
template <class Code> struct ExpArgument {
  using Real = typename Code::Real;
  /// r = r + rLow.
  Real r, rLow;
  /// The last bits of this number are n + 2 bias.
  Real shifted;

  /// For x between the format's bounds of exp.
  ExpArgument(Code &code, Real x) : r(x), rLow(x), shifted(x) {
    reduce(code, x);
  }

  /// For x + xLow.
  ExpArgument(Code &code, Real x, Real xLow) : r(x), rLow(x), shifted(x) {
    reduce(code, x);
    Real sum = r + xLow;
    rLow = rLow + (xLow - (sum - r));
    r = sum;
  }

private:
  void reduce(Code &code, Real x) {
    const Format &format = formatOf(code, x);
    Real shift = code.constant(1.5 * format.whole() + 2.0 * format.bias, x);
    shifted = code.fma(x, code.constant(0x1.71547652b82fep+0, x), shift);
    Real n = shift - shifted;
    Real high = code.fma(n, code.constant(format.log2High, x), x);
    Real low = code.constant(format.log2Low, x);
    r = code.fma(n, low, high);
    rLow = code.fma(n, low, high - r);
  }

public:
  /// exp(r) - 1 - r, plus `low`.
  Real tail(Code &code, Real low) const {
    Real square = r * r;
    return code.fma(
        square,
        polynomial(code, r, square, coefficients::exp(formatOf(code, r).kind)),
        low);
  }

  /// 2^(n - offset), a normal number.
  Real power(Code &code, uint64_t offset = 0) const {
    const Format &format = formatOf(code, r);
    return code.fromBits((code.bits(shifted) - (format.bias + offset))
                         << uint64_t(format.significandBits));
  }

  /// value 2^n with one rounding, where the result is subnormal too: by two
  /// factors of about the same size.
  Real scale(Code &code, Real value) const {
    uint64_t position = formatOf(code, r).significandBits;
    auto bits = code.bits(shifted);
    auto half = bits >> uint64_t(1);
    Real first = code.fromBits(half << position);
    Real second = code.fromBits((bits - half) << position);
    return value * first * second;
  }
};

template <class Code>
typename Code::Real exp(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  x = atLeast(code, atMost(code, x, format.expHighest), format.expLowest);
  ExpArgument<Code> argument(code, x);
  Real value = argument.tail(code, argument.r) + 1.0;
  return argument.scale(code, value);
}

template <class Code>
typename Code::Real expm1(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  Real y =
      atLeast(code, atMost(code, x, format.expHighest), format.expm1Lowest);
  ExpArgument<Code> argument(code, y);
  Real r = argument.r;
  Real rest = argument.tail(code, argument.rLow);
  // Half of it, as 2^n may be too large.
  Real power = argument.power(code, 1);
  Real half = code.fma(power, rest, code.fma(power, r, power - 0.5));
  // Half of a subnormal number is not exact; and the sign of zero is kept.
  return code.select(code.abs(x) < format.negligible, x, half + half);
}

template <class Code>
typename Code::Real exp2(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  x = atLeast(code, atMost(code, x, format.bias + 1.0),
              -(format.bias + format.significandBits + 1.0));
  ExpArgument<Code> argument(code, x);
  Real shift = code.constant(1.5 * format.whole() + 2.0 * format.bias, x);
  argument.shifted = x + shift;
  Real r = (x - (argument.shifted - shift)) * 0x1.62e42fefa39efp-1;
  argument.r = r;
  Real value = argument.tail(code, r) + 1.0;
  return argument.scale(code, value);
}

/// -e / (2 + e) with e = exp(-2|x|) - 1, with the sign of x.
template <class Code>
typename Code::Real tanh(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real y = atLeast(code, code.abs(x) * -2.0, formatOf(code, x).expm1Lowest);
  ExpArgument<Code> argument(code, y);
  Real r = argument.r;
  Real rest = argument.tail(code, argument.rLow);
  // e in two parts: 2^n - 1 + 2^n r, then what that rounds off and 2^n rest.
  Real power = argument.power(code);
  Real whole = power - 1.0;
  Real high = code.fma(power, r, whole);
  Real low = code.fma(power, rest, code.fma(power, r, whole - high));
  Real e = high + low;
  Real eLow = low - (e - high);
  Real sum = e + 2.0;
  Real value = quotient(code, -e, -eLow, sum, (e - (sum - 2.0)) + eLow);
  return code.copysign(value, x);
}

//===----------------------------------------------------------------------===//
// log and its relatives
//===----------------------------------------------------------------------===//

/// x = 2^k (1 + f) with 1 + f between the square roots of 1/2 and 2.
template <class Code> struct LogArgument {
  using Real = typename Code::Real;
  using Integer = typename Code::Integer;
  Real k, f;
  /// The bits of x, times the square root of 2.
  Integer bits;

  LogArgument(Real k, Real f, Integer bits) : k(k), f(f), bits(bits) {}

  /// For positive, normal, finite x. The exponent k is less by what `bias`
  /// exceeds 0.
  static LogArgument of(Code &code, Real x) {
    const Format &format = formatOf(code, x);
    Integer bits = code.bits(x) + (format.one - format.sqrtHalf);
    // The exponent in the last bits of a number from 2^significandBits on.
    uint64_t position = format.significandBits;
    Real k = code.fromBits((bits >> position) |
                           ((format.bias + position) << position)) -
             (format.whole() + double(format.bias));
    Real m = code.fromBits((bits & format.significandMask()) + format.sqrtHalf);
    return LogArgument(k, m - 1.0, bits);
  }

  /// 2^(1-k); 0 at the largest k.
  Real reciprocalPower(Code &code) const {
    const Format &format = formatOf(code, f);
    Integer twice =
        code.constant((2 * format.bias + 1) << format.significandBits, bits);
    return code.fromBits(twice - ((bits >> uint64_t(format.significandBits))
                                  << uint64_t(format.significandBits)));
  }

  /// k log 2 + log(1 + f) + low. With s = f / (2 + f), log(1 + f) is
  /// f - f^2/2 + s (f^2/2 + R(s^2)), R being a polynomial: the method of K. C.
  /// Ng's log in fdlibm.
  Real log(Code &code, Real low) const {
    const Format &format = formatOf(code, f);
    Real square = (f * 0.5) * f;
    Real s = f / (f + 2.0);
    Real z = s * s;
    Real remainder = z * polynomial(code, z, coefficients::log(format.kind));
    Real sum = square + remainder;
    low = code.fma(k, code.constant(format.log2Low, k), low);
    Real rest = code.fma(s, sum, low);
    return code.fma(k, code.constant(format.log2High, k), f - (square - rest));
  }
};

/// The values of a logarithm outside (0, inf), else `value`.
template <class Code>
typename Code::Real logEdges(Code &code, typename Code::Real x,
                             typename Code::Real value) {
  using Real = typename Code::Real;
  Real infinity = code.constant(std::numeric_limits<double>::infinity(), x);
  Real nan = code.constant(std::numeric_limits<double>::quiet_NaN(), x);
  // The positive infinity, and NaN.
  value = code.select(x < infinity, value, x);
  Real outside = code.select(x < 0.0, nan, -infinity);
  return code.select(x <= 0.0, outside, value);
}

template <class Code>
typename Code::Real log(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  auto tiny = x < format.smallestNormal;
  Real normal = code.select(tiny, x * format.rescale, x);
  auto argument = LogArgument<Code>::of(code, normal);
  Real zero = code.constant(0.0, x);
  argument.k =
      argument.k -
      code.select(tiny, code.constant(format.rescaleExponent, x), zero);
  return logEdges(code, x, argument.log(code, zero));
}

/// log(high + low), where low is less than an ulp of high, and high positive
/// and normal.
template <class Code>
typename Code::Real logOfSum(Code &code, typename Code::Real high,
                             typename Code::Real low) {
  using Real = typename Code::Real;
  auto argument = LogArgument<Code>::of(code, high);
  // The derivative 1 / (1 + f) is about 1 - f.
  Real scaled = low * argument.reciprocalPower(code) * 0.5;
  return argument.log(code, code.fma(-scaled, argument.f, scaled));
}

template <class Code>
typename Code::Real log1p(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real sum = x + 1.0;
  Real part = sum - 1.0;
  Real lost = 1.0 - (sum - part);
  Real low = (x - part) + lost;
  Real value = logEdges(code, sum, logOfSum(code, sum, low));
  // The sign of zero; and half of a subnormal number is not exact.
  return code.select(code.abs(x) < formatOf(code, x).negligible, x, value);
}

/// log(1 + t) for t in [0, 1], without a rounding of 1 + t.
template <class Code>
typename Code::Real log1pOfFraction(Code &code, typename Code::Real t) {
  using Real = typename Code::Real;
  auto large = t > 0x1.a8279ap-2;
  Real zero = code.constant(0.0, t), one = code.constant(1.0, t);
  Real halved = code.fma(t, code.constant(0.5, t), code.constant(-0.5, t));
  Real f = code.select(large, halved, t);
  LogArgument<Code> argument(code.select(large, one, zero), f, code.bits(f));
  return argument.log(code, zero);
}

//===----------------------------------------------------------------------===//
// Around the logistic function
//===----------------------------------------------------------------------===//

template <class Code>
typename Code::Real sigmoid(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real t = exp(code, -code.abs(x));
  Real sum = t + 1.0;
  Real numerator = code.select(x >= 0.0, code.constant(1.0, x), t);
  Real zero = code.constant(0.0, x);
  return quotient(code, numerator, zero, sum, t - (sum - 1.0));
}

template <class Code>
typename Code::Real softplus(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real t = exp(code, -code.abs(x));
  return atLeast(code, x, 0.0) + log1pOfFraction(code, t);
}

template <class Code>
typename Code::Real logSigmoid(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real t = exp(code, -code.abs(x));
  return atMost(code, x, 0.0) - log1pOfFraction(code, t);
}

//===----------------------------------------------------------------------===//
// The error function and the normal distribution
//===----------------------------------------------------------------------===//

/// scale 2^n (high + low): a function of the tail of a normal distribution.
template <class Code> struct Tail {
  using Real = typename Code::Real;
  Real high, low;
};

/// g(x) / (1 + slope x) for x >= 0, where g is a polynomial in (x - center) /
/// (x + center), in two parts.
template <class Code>
Tail<Code> scaledTail(Code &code, typename Code::Real x, double slope,
                      double center, llvm::ArrayRef<double> coefficients) {
  using Real = typename Code::Real;
  Real t = (x - center) / (x + center);
  Real leading = code.constant(coefficients.front(), x);
  Real slow = polynomial(code, t, coefficients.drop_front());
  Real numerator = code.fma(t, slow, leading);
  Real numeratorLow = code.fma(t, slow, leading - numerator);
  Real one = code.constant(1.0, x);
  Real product = x * slope;
  Real denominator = product + one;
  Real lost = lostBySum(code, product, one, denominator);
  Real reciprocal = one / denominator;
  Real high = numerator * reciprocal;
  // What is left of the numerator, over the denominator.
  Real back = high * denominator;
  Real rest = (numerator - back) - lostByProduct(code, high, denominator, back);
  rest = rest + numeratorLow;
  return {high, code.fma(-high, lost, rest) * reciprocal};
}

/// exp(-x y) tail where y is x or half of it.
template <class Code>
typename Code::Real timesExp(Code &code, typename Code::Real x,
                             typename Code::Real y, Tail<Code> tail) {
  using Real = typename Code::Real;
  Real square = x * y;
  Real lost = lostByProduct(code, x, y, square);
  Real lowest = code.constant(formatOf(code, x).expLowest, x);
  Real exponent = code.select(-square < lowest, lowest, -square);
  ExpArgument<Code> argument(code, exponent, -lost);
  // 1 + r + tail in two parts.
  Real high = argument.r + 1.0;
  Real low = argument.tail(code, (argument.r - (high - 1.0)) + argument.rLow);
  Real rest = code.fma(tail.high, low, tail.low * high);
  return argument.scale(code, code.fma(tail.high, high, rest));
}

/// erfc(x) for x >= 0; 0 from where it underflows.
template <class Code>
typename Code::Real erfcOfPositive(Code &code, typename Code::Real x) {
  typename Code::Real y = atMost(code, x, code.isF32(x) ? 10.1 : 27.3);
  Tail<Code> tail = scaledTail(code, y, 1.75, code.isF32(x) ? 2.5 : 4.0,
                               coefficients::erfc(formatOf(code, x).kind));
  return timesExp(code, y, y, tail);
}

/// erf(x) for x in [0, 1/2].
template <class Code>
typename Code::Real erfOfSmall(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  coefficients::Format kind = formatOf(code, x).kind;
  Real rest = x * polynomial(code, x * x, coefficients::erf(kind));
  return code.fma(x, code.constant(coefficients::erfLeading(kind), x), rest);
}

template <class Code>
typename Code::Real erf(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real size = code.abs(x);
  Real far = 1.0 - erfcOfPositive(code, size);
  Real near = erfOfSmall(code, size);
  return code.copysign(code.select(size < 0.5, near, far), x);
}

template <class Code>
typename Code::Real erfc(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real size = code.abs(x);
  Real near = 1.0 - erfOfSmall(code, size);
  Real upper = code.select(size < 0.45, near, erfcOfPositive(code, size));
  return code.select(x < 0.0, 2.0 - upper, upper);
}

/// exp(x^2/2) P(Z > x) of a standard normal variable, for x >= 0.
template <class Code> Tail<Code> millsRatio(Code &code, typename Code::Real x) {
  return scaledTail(code, x, 1.25, code.isF32(x) ? 3.5 : 5.5,
                    coefficients::normalTail(formatOf(code, x).kind));
}

template <class Code>
typename Code::Real normalCDF(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real y = atMost(code, code.abs(x), code.isF32(x) ? 14.5 : 38.7);
  Real tail = timesExp(code, y, y * 0.5, millsRatio(code, y));
  return code.select(x > 0.0, 1.0 - tail, tail);
}

/// Below 0, -x^2/2 and the logarithm of the scaled tail; above, that of 1 less
/// the tail: one logarithm for both.
template <class Code>
typename Code::Real normalLogCDF(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real size = code.abs(x);
  // So far out, the scaled tail does not matter.
  Tail<Code> scaled = millsRatio(code, atMost(code, size, 0x1p40));
  Real y = atMost(code, size, code.isF32(x) ? 14.5 : 38.7);
  Real tail = timesExp(code, y, y * 0.5, scaled);
  auto above = x > 0.0;
  Real zero = code.constant(0.0, x);
  Real rest = 1.0 - tail;
  Real high = code.select(above, rest, scaled.high);
  Real low = code.select(above, (1.0 - rest) - tail, scaled.low);
  Real exponent = code.select(above, zero, (x * -0.5) * x);
  return exponent + logOfSum(code, high, low);
}

/// Rational functions of 1/2 - p near the median and of sqrt(-log q) in the
/// tails, q being the smaller of p and 1 - p, as in M. J. Wichura (1988),
/// "Algorithm AS 241: The percentage points of the normal distribution".
template <class Code>
typename Code::Real normalQuantile(Code &code, typename Code::Real p) {
  using Real = typename Code::Real;
  coefficients::Format kind = formatOf(code, p).kind;
  Real centered = p - 0.5;
  Real q = code.select(centered < 0.0, p, 1.0 - p);
  Real u = 0.180625 - centered * centered;
  // 0 and NaN go through; a number outside [0, 1] gives NaN.
  Real s = code.sqrt(-log(code, q));
  auto middle = code.abs(centered) <= 0.425;
  Real above = code.select(
      middle,
      code.abs(centered) *
          polynomial(code, u, coefficients::quantileMiddleAbove(kind)),
      polynomial(code, s, coefficients::quantileTailAbove(kind)));
  Real below = code.select(
      middle, polynomial(code, u, coefficients::quantileMiddleBelow(kind)),
      polynomial(code, s, coefficients::quantileTailBelow(kind)));
  Real infinity = code.constant(std::numeric_limits<double>::infinity(), p);
  Real value = code.select(q == 0.0, infinity, above / below);
  return code.copysign(value, centered);
}

//===----------------------------------------------------------------------===//
// The gamma function's family
//===----------------------------------------------------------------------===//

/// x > 0 brought to 2 + d with |d| <= 1/2 by Gamma(x + 1) = x Gamma(x), where
/// it is less than 5/2; else Stirling's formula serves.
template <class Code> struct GammaArgument {
  using Real = typename Code::Real;
  using Boolean = typename Code::Boolean;
  /// x is less than 1/2, 3/2, 5/2.
  Boolean first, second, small;
  Real d;
  /// The product of what x is raised by (x (x + 1), or x), and 1 / x or what it
  /// is for a product of two.
  Real product, reciprocal, logarithm;

  GammaArgument(Code &code, Real x)
      : first(x < 0.5), second(x < 1.5), small(x < 2.5), d(x), product(x),
        reciprocal(x), logarithm(x) {
    Real one = code.constant(1.0, x);
    Real next = x + 1.0;
    d = code.select(first, x, code.select(second, x - 1.0, x - 2.0));
    product = code.select(first, code.fma(x, x, x), x);
    reciprocal = code.select(first, x + next, one) / product;
    logarithm = log(code, product);
  }
};

template <class Code>
typename Code::Real lgammaOfPositive(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  coefficients::Format kind = formatOf(code, x).kind;
  GammaArgument<Code> argument(code, x);
  Real zero = code.constant(0.0, x);
  Real shift = code.select(argument.second, argument.logarithm, zero);
  Real middle = argument.d *
                polynomial(code, argument.d, coefficients::lgammaMiddle(kind));
  Real z = argument.reciprocal * argument.reciprocal;
  // (log(2 pi) - 1) / 2.
  Real rest = code.fma(argument.reciprocal,
                       polynomial(code, z, coefficients::lgammaRemainder(kind)),
                       code.constant(0x1.acfe390c97d69p-2, x));
  Real large = code.fma(x - 0.5, argument.logarithm - 1.0, rest);
  return code.select(argument.small, middle - shift, large);
}

template <class Code>
typename Code::Real digammaOfPositive(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  coefficients::Format kind = formatOf(code, x).kind;
  GammaArgument<Code> argument(code, x);
  Real zero = code.constant(0.0, x);
  Real w = argument.reciprocal;
  Real shift = code.select(argument.second, w, zero);
  Real middle = polynomial(code, argument.d, coefficients::digammaMiddle(kind));
  Real z = w * w;
  Real rest = code.fma(
      z, polynomial(code, z, coefficients::digammaRemainder(kind)), w * 0.5);
  return code.select(argument.small, middle - shift, argument.logarithm - rest);
}

/// The distance of x from the nearest whole number.
template <class Code>
typename Code::Real fromWhole(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  double whole = formatOf(code, x).whole();
  Real size = code.abs(x);
  Real distance = x - code.copysign((size + whole) - whole, x);
  distance = code.select(size < whole, distance, code.constant(0.0, x));
  return code.select(size < 0.5, x, distance);
}

/// For x < 0, Gamma(x) Gamma(-x) = -pi / (x sin(pi x)).
template <class Code>
typename Code::Real lgamma(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  Real size = code.abs(x);
  Real positive = lgammaOfPositive(code, size);
  Real d = code.abs(fromWhole(code, x));
  // sin(pi d) / pi.
  Real sine = d * polynomial(code, d * d, coefficients::sinOfPi(format.kind)) *
              0x1.45f306dc9c883p-2;
  // Close to 0 that is x, whose square may be too small.
  auto tiny = size < format.negligible;
  Real factor = log(code, code.select(tiny, size, sine * size));
  factor = code.select(tiny, factor + factor, factor);
  Real infinity = code.constant(std::numeric_limits<double>::infinity(), x);
  Real negative = code.select(d == 0.0, infinity, -factor - positive);
  return code.select(x < 0.0, negative, positive);
}

/// For x < 0, digamma(x) = digamma(-x) - 1/x - pi cot(pi x).
template <class Code>
typename Code::Real digamma(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  coefficients::Format kind = formatOf(code, x).kind;
  auto negative = x <= 0.0;
  // Minus 1/x, 1 - x has the digamma of -x.
  Real positive = digammaOfPositive(code, code.select(negative, 1.0 - x, x));
  Real d = fromWhole(code, x);
  Real cotangent = code.fma(
      -d, polynomial(code, d * d, coefficients::cotOfPi(kind)), 1.0 / d);
  Real nan = code.constant(std::numeric_limits<double>::quiet_NaN(), x);
  Real reflected = positive - cotangent;
  reflected = code.select((d == 0.0) && (x != 0.0), nan, reflected);
  return code.select(negative, reflected, positive);
}

} // namespace vi::special::elementary

#endif // VI_DIALECT_SPECIAL_IR_ELEMENTARYFUNCTIONS_H
