//===- TrigonometricFunctions.h - sin and its family -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sine, cosine, tangent and their inverses: see ElementaryFunctions.h. Here a
// `Code` also knows `widen` (f32 to f64), `narrow` (back, where the other
// operand is f32), and `rarely`.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_TRIGONOMETRICFUNCTIONS_H
#define VI_DIALECT_SPECIAL_IR_TRIGONOMETRICFUNCTIONS_H

#include "vi/Dialect/Special/IR/Pair.h"

#include <cmath>
#include <tuple>
#include <utility>

namespace vi::special::elementary {

/// pi / 2 in two parts.
inline constexpr double halfPi = 0x1.921fb54442d18p+0;
inline constexpr double halfPiLow = 0x1.1a62633145c07p-54;

/// x with the sign that it has times that of `sign`.
template <class Code>
typename Code::Real flipSign(Code &code, typename Code::Real x,
                             typename Code::Real sign) {
  uint64_t mask = code.isF32(x) ? uint64_t(1) << 31 : uint64_t(1) << 63;
  return code.fromBits(code.bits(x) ^ (code.bits(sign) & mask));
}

/// The nearest whole number of |x| < 2^(significandBits - 1).
template <class Code>
typename Code::Real nearestWhole(Code &code, typename Code::Real x) {
  double shift = 1.5 * formatOf(code, x).whole();
  return (x + shift) - shift;
}

//===----------------------------------------------------------------------===//
// Reduction by quarter turns
//===----------------------------------------------------------------------===//

/// x = (4 k + n) pi / 2 + r with a whole k, |n| <= 2 and |r| <= pi / 4 (1 +
/// 2^-20), for x >= 0 in f64; r to more than twice its precision.
template <class Code> struct QuarterTurns {
  using Real = typename Code::Real;
  using Boolean = typename Code::Boolean;
  Real n;
  Pair<Code> r;

  /// `largest` bounds x if it is finite.
  QuarterTurns(Code &code, Real x, double largest) : n(x), r{x, x} {
    // Quotients of up to 20 bits, whose products with parts of pi / 2 of 33
    // bits are exact.
    reduceSmall(code, x);
    Boolean beyond = x > 0x1p20;
    auto [n1, high1, low1] = code.rarely(
        beyond, std::tuple<Real, Real, Real>(n, r.high, r.low), [&] {
          QuarterTurns large = *this;
          large.reduceLarge(code, x, largest);
          return std::tuple<Real, Real, Real>(
              code.select(beyond, large.n, n),
              code.select(beyond, large.r.high, r.high),
              code.select(beyond, large.r.low, r.low));
        });
    n = n1;
    r = {high1, low1};
  }

private:
  /// The number of whole and of quarter turns; only the latter count.
  static Real moduloFour(Code &code, Real turns) {
    return code.fma(nearestWhole(code, turns * 0.25),
                    code.constant(-4.0, turns), turns);
  }

  /// W. J. Cody and W. Waite (1980), "Software Manual for the Elementary
  /// Functions", with four parts of pi / 2: x - n pi / 2 has at least 2^-60 of
  /// what it comes from, and is wrong by 2^-130 of it.
  void reduceSmall(Code &code, Real x) {
    const double *parts = coefficients::halfPiParts;
    Real turns = nearestWhole(code, x * 0x1.45f306dc9c883p-1);
    Real first = code.fma(turns, code.constant(-parts[0], x), x);
    Pair<Code> second = exactSum(code, first, turns * -parts[1]);
    Pair<Code> third = exactSum(code, second.high, turns * -parts[2]);
    Real low =
        code.fma(turns, code.constant(-parts[3], x), second.low + third.low);
    r = orderedSum<Code>(third.high, low);
    n = moduloFour(code, turns);
  }

  /// M. H. Payne and R. N. Hanek (1983), "Radian Reduction for Trigonometric
  /// Functions": of x 2 / pi, only what is left of whole turns. The digits of
  /// 2 / pi come in windows, one for every 128 exponents; a product with one of
  /// their doubles, up to 2^182, is exact in two parts.
  void reduceLarge(Code &code, Real x, double largest) {
    using coefficients::twoOverPi;
    auto select = [&](unsigned part) {
      Real value = code.constant(twoOverPi[0][part], x);
      for (unsigned w = 1; w < 8 && begin(w) <= largest; ++w)
        value = code.select(x >= begin(w), code.constant(twoOverPi[w][part], x),
                            value);
      return value;
    };
    Real scale = code.constant(1.0, x);
    for (unsigned w = 1; w < 8 && begin(w) <= largest; ++w)
      scale =
          code.select(x >= begin(w), code.constant(2.0 / begin(w), x), scale);
    Real y = x * scale;

    // The sum, what that rounds off, and what this sum rounds off in turn.
    Real zero = code.constant(0.0, x);
    Real sum = zero, low = zero, lowest = zero;
    auto addLow = [&](Real part) {
      Pair<Code> next = exactSum(code, low, part);
      low = next.high;
      lowest = lowest + next.low;
    };
    auto add = [&](Real part) {
      // From 2^54 on, numbers are multiples of 4; below, a quarter of the
      // magnitude is rounded to a whole number when 2^52 is added.
      Real size = code.abs(part);
      double whole = formatOf(code, x).whole();
      Real fours = (size * 0.25 + whole) - whole;
      Real rest = code.fma(fours, code.constant(-4.0, x), size);
      part = flipSign(code, code.select(size >= 0x1p54, zero, rest), part);
      Pair<Code> next = exactSum(code, sum, part);
      sum = next.high;
      addLow(next.low);
    };
    for (unsigned i = 0; i < 3; ++i) {
      Pair<Code> product = exactProduct(code, y, select(i));
      add(product.high);
      add(product.low);
    }
    // These are below 2^23, 2^-30 and 2^-83.
    Pair<Code> product = exactProduct(code, y, select(3));
    add(product.high);
    addLow(product.low);
    product = exactProduct(code, y, select(4));
    addLow(product.high);
    lowest = code.fma(y, select(5), lowest + product.low);

    Real turns = nearestWhole(code, sum);
    Pair<Code> rest = exactSum(code, sum - turns, low);
    rest = orderedSum<Code>(rest.high, rest.low + lowest);
    Pair<Code> angle = exactProduct(code, rest.high, code.constant(halfPi, x));
    Real more =
        code.fma(rest.high, code.constant(halfPiLow, x), rest.low * halfPi);
    r = orderedSum<Code>(angle.high, angle.low + more);
    n = moduloFour(code, turns);
  }

  static double begin(unsigned window) {
    return std::ldexp(1.0, 128 * window + 1);
  }
};

/// Sine and cosine of r, each in two parts, to about 2^-60 in f64 but for the
/// rounding of r^2.
template <class Code> struct SineAndCosine {
  Pair<Code> sine, cosine;

  SineAndCosine(Code &code, Pair<Code> r, coefficients::Format kind) {
    using Real = typename Code::Real;
    Real z = r.high * r.high;
    Real half = z * 0.5;
    Real main = 1.0 - half;
    Real sineTail = code.fma(
        r.high * z, polynomial(code, z, coefficients::sin(kind)), r.low * main);
    Real cosineTail =
        code.fma(z * z, polynomial(code, z, coefficients::cos(kind)),
                 ((1.0 - main) - half) - r.high * r.low);
    sine = orderedSum<Code>(r.high, sineTail);
    cosine = orderedSum<Code>(main, cosineTail);
  }
};

/// `function` of QuarterTurns and SineAndCosine of |x|, evaluated in f64.
template <class Code, class Function>
typename Code::Real byQuarterTurns(Code &code, typename Code::Real x,
                                   Function function) {
  using Real = typename Code::Real;
  coefficients::Format kind = formatOf(code, x).kind;
  double largest = code.isF32(x) ? std::numeric_limits<float>::max()
                                 : std::numeric_limits<double>::max();
  Real size = code.abs(code.widen(x));
  QuarterTurns<Code> turns(code, size, largest);
  SineAndCosine<Code> values(code, turns.r, kind);
  return code.narrow(function(turns.n, values), x);
}

/// The sine of |x| after `n` quarter turns.
template <class Code>
typename Code::Real sineOf(Code &code, typename Code::Real n,
                           const SineAndCosine<Code> &values) {
  using Real = typename Code::Real;
  auto isOdd = code.abs(n) == 1.0;
  auto isNegative = (n < 0.0) || (n == 2.0);
  Real size = code.select(isOdd, values.cosine.high, values.sine.high);
  return code.select(isNegative, -size, size);
}

template <class Code>
typename Code::Real cosineOf(Code &code, typename Code::Real n,
                             const SineAndCosine<Code> &values) {
  using Real = typename Code::Real;
  auto isOdd = code.abs(n) == 1.0;
  auto isNegative = (n > 0.0) || (n == -2.0);
  Real size = code.select(isOdd, values.sine.high, values.cosine.high);
  return code.select(isNegative, -size, size);
}

template <class Code>
typename Code::Real sin(Code &code, typename Code::Real x) {
  auto value = byQuarterTurns(code, x, [&](auto n, const auto &values) {
    return sineOf(code, n, values);
  });
  return flipSign(code, value, x);
}

template <class Code>
typename Code::Real cos(Code &code, typename Code::Real x) {
  return byQuarterTurns(code, x, [&](auto n, const auto &values) {
    return cosineOf(code, n, values);
  });
}

/// Sine and cosine, with one reduction.
template <class Code>
std::pair<typename Code::Real, typename Code::Real>
sincos(Code &code, typename Code::Real x) {
  typename Code::Real sine = x;
  auto cosine = byQuarterTurns(code, x, [&](auto n, const auto &values) {
    sine = code.narrow(sineOf(code, n, values), x);
    return cosineOf(code, n, values);
  });
  return {flipSign(code, sine, x), cosine};
}

template <class Code>
typename Code::Real tan(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  Real value =
      byQuarterTurns(code, x, [&](Real n, const SineAndCosine<Code> &values) {
        auto isOdd = code.abs(n) == 1.0;
        const Pair<Code> &s = values.sine, &c = values.cosine;
        Pair<Code> above = {code.select(isOdd, -c.high, s.high),
                            code.select(isOdd, -c.low, s.low)};
        Pair<Code> below = {code.select(isOdd, s.high, c.high),
                            code.select(isOdd, s.low, c.low)};
        Pair<Code> quotient = exactQuotient(code, above, below);
        return quotient.high + quotient.low;
      });
  return flipSign(code, value, x);
}

//===----------------------------------------------------------------------===//
// Inverses
//===----------------------------------------------------------------------===//

/// asin(x) for |x| <= 1/2 as x plus the second part; and with w = (1 - |x|) / 2
/// for others, pi / 2 - asin(|x|) = 2 asin(sqrt(w)), halved, in two parts.
template <class Code> struct ArcSine {
  using Real = typename Code::Real;
  typename Code::Boolean isSmall;
  Pair<Code> value;

  ArcSine(Code &code, Real x) : isSmall(code.abs(x) <= 0.5), value{x, x} {
    coefficients::Format kind = formatOf(code, x).kind;
    Real size = code.abs(x);
    Real w = code.fma(size, code.constant(-0.5, x), code.constant(0.5, x));
    Real zero = code.constant(0.0, x);
    Pair<Code> root = exactRoot(code, {w, zero});
    Real z = code.select(isSmall, x * x, w);
    Real argument = code.select(isSmall, size, root.high);
    Real low = code.select(isSmall, zero, root.low);
    value = {argument,
             code.fma(argument * z,
                      polynomial(code, z, coefficients::asin(kind)), low)};
  }
};

inline constexpr double halfPiF32[] = {0x1.921fb6p+0, -0x1.777a5cp-25};

/// pi / 2 in two parts of the format.
template <class Code>
Pair<Code> halfPiPair(Code &code, typename Code::Real like) {
  bool isF32 = code.isF32(like);
  return {code.constant(isF32 ? halfPiF32[0] : halfPi, like),
          code.constant(isF32 ? halfPiF32[1] : halfPiLow, like)};
}

/// The sum of two numbers, of which the first is the larger or zero.
template <class Code>
typename Code::Real sumOf(Code &code, Pair<Code> a, Pair<Code> b) {
  Pair<Code> sum = exactSum(code, a.high, b.high);
  return sum.high + (sum.low + (a.low + b.low));
}

template <class Code>
typename Code::Real asin(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  ArcSine<Code> part(code, x);
  Real small = part.value.high + part.value.low;
  Real large = sumOf(code, halfPiPair(code, x),
                     Pair<Code>{part.value.high * -2.0, part.value.low * -2.0});
  return code.copysign(code.select(part.isSmall, small, large), x);
}

template <class Code>
typename Code::Real acos(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  ArcSine<Code> part(code, x);
  // pi / 2 -+ asin(|x|), 2 asin(sqrt(w)), or pi less that.
  auto isNegative = x < 0.0;
  Real zero = code.constant(0.0, x);
  Pair<Code> half = halfPiPair(code, x);
  Real turns =
      code.select(part.isSmall, code.constant(1.0, x),
                  code.select(isNegative, code.constant(2.0, x), zero));
  Real factor =
      code.select(part.isSmall, code.constant(-1.0, x), code.constant(2.0, x));
  factor = code.select(isNegative, -factor, factor);
  return sumOf(code, Pair<Code>{half.high * turns, half.low * turns},
               Pair<Code>{part.value.high * factor, part.value.low * factor});
}

/// The angle of the point (x, y), by the tangent of what is left of it when a
/// multiple of pi / 4 has been taken off.
template <class Code>
typename Code::Real atan2(Code &code, typename Code::Real y,
                          typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  Real zero = code.constant(0.0, x), one = code.constant(1.0, x);
  Real infinity = code.constant(std::numeric_limits<double>::infinity(), x);
  Real a = code.abs(y), b = code.abs(x);
  // Only directions matter: of infinite numbers, and of large and small ones.
  auto isInfinite = (a == infinity) || (b == infinity);
  Real aDirection = code.select(a == infinity, one, a * 0.0);
  Real bDirection = code.select(b == infinity, one, b * 0.0);
  Real large = code.select(a < b, b, a);
  double huge = std::ldexp(1.0, int(format.bias) - 2);
  double tiny = std::ldexp(1.0, -int(format.bias) / 2);
  Real scale = code.select(
      large > huge, code.constant(0.0625, x),
      code.select(large < tiny,
                  code.constant(std::ldexp(1.0, format.bias / 2), x), one));
  a = code.select(isInfinite, aDirection, a * scale);
  b = code.select(isInfinite, bDirection, b * scale);

  // The angle of (b, a) is between 0 and pi / 2.
  auto isLow = a <= b * 0x1.a827999fcef32p-2;
  auto isHigh = b < a * 0x1.a827999fcef32p-2;
  Pair<Code> difference = exactSum(code, a, -b), sum = exactSum(code, a, b);
  auto choose = [&](Real low, Real middle, Real high) {
    return code.select(isLow, low, code.select(isHigh, high, middle));
  };
  Pair<Code> above = {choose(a, difference.high, -b),
                      choose(zero, difference.low, zero)};
  Pair<Code> below = {choose(b, sum.high, a), choose(zero, sum.low, zero)};
  below.high = code.select(below.high == 0.0, one, below.high);
  Pair<Code> t = exactQuotient(code, above, below);
  Real z = t.high * t.high;
  t.low = code.fma(t.high * z,
                   polynomial(code, z, coefficients::atan(format.kind)), t.low);
  // pi less that where x is negative.
  auto isLeft = code.copysign(one, x) < 0.0;
  Real quarters = choose(zero, code.constant(0.5, x), one);
  quarters = code.select(isLeft, 2.0 - quarters, quarters);
  Real sign = code.select(isLeft, -one, one);
  Pair<Code> half = halfPiPair(code, x);
  Pair<Code> base = exactProduct(code, half.high, quarters);
  base.low = code.fma(half.low, quarters, base.low);
  Real value = sumOf(code, base, Pair<Code>{t.high * sign, t.low * sign});
  return flipSign(code, value, y);
}

template <class Code>
typename Code::Real atan(Code &code, typename Code::Real x) {
  return atan2(code, x, code.constant(1.0, x));
}

} // namespace vi::special::elementary

#endif // VI_DIALECT_SPECIAL_IR_TRIGONOMETRICFUNCTIONS_H
