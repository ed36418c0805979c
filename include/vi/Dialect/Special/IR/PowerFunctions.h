//===- PowerFunctions.h - powers, roots and other logarithms -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See ElementaryFunctions.h and, for what else a `Code` knows,
// TrigonometricFunctions.h.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_POWERFUNCTIONS_H
#define VI_DIALECT_SPECIAL_IR_POWERFUNCTIONS_H

#include "vi/Dialect/Special/IR/Pair.h"

#include <cmath>

namespace vi::special::elementary {

/// x = 2^k (1 + f), subnormal numbers too.
template <class Code>
LogArgument<Code> logArgument(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  auto tiny = x < format.smallestNormal;
  auto argument =
      LogArgument<Code>::of(code, code.select(tiny, x * format.rescale, x));
  Real zero = code.constant(0.0, x);
  argument.k =
      argument.k -
      code.select(tiny, code.constant(format.rescaleExponent, x), zero);
  return argument;
}

//===----------------------------------------------------------------------===//
// Logarithms to other bases
//===----------------------------------------------------------------------===//

/// 1 / log(base), and log(2) / log(base), in two parts, of which the first has
/// so few bits that products with numbers of half the bits, and with exponents,
/// are exact.
struct LogBase {
  double reciprocalHigh, reciprocalLow, twoHigh, twoLow;
};
inline constexpr LogBase log2F64 = {0x1.715476p+0, 0x1.4ae0bf85ddf44p-26, 1.0,
                                    0.0};
inline constexpr LogBase log2F32 = {0x1.714p+0, 0x1.47652cp-12, 1.0, 0.0};
inline constexpr LogBase log10F64 = {0x1.bcb7b1p-2, 0x1.49b9438ca9aaep-28,
                                     0x1.34413509f78p-2, 0x1.fef311f12b358p-46};
inline constexpr LogBase log10F32 = {0x1.bcap-2, 0x1.7b1526p-14, 0x1.344p-2,
                                     0x1.3509f8p-18};

/// log(1 + f) in a short part and the rest, as in fdlibm's log2, times 1 / log
/// of the base.
template <class Code>
typename Code::Real logToBase(Code &code, typename Code::Real x,
                              const LogBase &base) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  LogArgument<Code> argument = logArgument(code, x);
  Real f = argument.f;
  Real square = (f * 0.5) * f;
  Real s = f / (f + 2.0);
  Real z = s * s;
  Real rest =
      s * (square + z * polynomial(code, z, coefficients::log(format.kind)));
  uint64_t cut = (format.significandBits + 2) / 2;
  Real high = code.fromBits((code.bits(f - square) >> cut) << cut);
  Real low = ((f - high) - square) + rest;
  Real scaled = code.fma(low, code.constant(base.reciprocalHigh, x),
                         (low + high) * base.reciprocalLow);
  Pair<Code> sum =
      exactSum(code, argument.k * base.twoHigh, high * base.reciprocalHigh);
  Real more =
      code.fma(argument.k, code.constant(base.twoLow, x), sum.low + scaled);
  return logEdges(code, x, sum.high + more);
}

template <class Code>
typename Code::Real log2(Code &code, typename Code::Real x) {
  return logToBase(code, x, code.isF32(x) ? log2F32 : log2F64);
}

template <class Code>
typename Code::Real log10(Code &code, typename Code::Real x) {
  return logToBase(code, x, code.isF32(x) ? log10F32 : log10F64);
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

/// log(x) for positive, finite x of f64 to about 2^-65 of its value: with s = f
/// / (2 + f), log(1 + f) = 2 s + s^3 (2/3 + s^2 q(s^2)), all but q in pairs.
template <class Code> Pair<Code> exactLog(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  LogArgument<Code> argument = logArgument(code, x);
  Real zero = code.constant(0.0, x), f = argument.f;
  Pair<Code> sum = exactSum(code, code.constant(2.0, x), f);
  Pair<Code> s = exactQuotient(code, {f, zero}, sum);
  Pair<Code> z = exactProduct(code, s.high, s.high);
  z.low = code.fma(s.high + s.high, s.low, z.low);
  Real q =
      z.high * polynomial(code, z.high, coefficients::logFifth(format.kind));
  Real leading = code.constant(0x1.5555555555555p-1, x);
  Real tail = leading + q;
  Real tailLow = ((leading - tail) + q) + 0x1.5555555555555p-55;
  Pair<Code> cube = exactProduct(code, s.high, z.high);
  cube.low = cube.low + code.fma(s.high, z.low, s.low * z.high);
  Pair<Code> more = exactProduct(code, cube.high, tail);
  more.low = more.low + code.fma(cube.high, tailLow, cube.low * tail);
  Pair<Code> fraction = orderedSum<Code>(s.high + s.high, more.high);
  fraction.low = fraction.low + (more.low + (s.low + s.low));
  // k log 2, of which the first part is exact.
  Pair<Code> value =
      exactSum(code, argument.k * format.log2High, fraction.high);
  Real low = code.fma(argument.k, code.constant(format.log2Low, x),
                      fraction.low + value.low);
  return orderedSum<Code>(value.high, low);
}

/// Whether x is a whole number; infinities are.
template <class Code>
typename Code::Boolean isWhole(Code &code, typename Code::Real x) {
  typename Code::Real size = code.abs(x);
  double whole = formatOf(code, x).whole();
  return (size >= whole) || ((size + whole) - whole == size);
}

template <class Code>
typename Code::Real pow(Code &code, typename Code::Real xOperand,
                        typename Code::Real yOperand) {
  using Real = typename Code::Real;
  Real x = code.widen(xOperand), y = code.widen(yOperand);
  const Format &format = formatOf(code, x);
  Real zero = code.constant(0.0, x), one = code.constant(1.0, x);
  Real infinity = code.constant(std::numeric_limits<double>::infinity(), x);
  Real nan = code.constant(std::numeric_limits<double>::quiet_NaN(), x);
  Real size = code.abs(x);
  // A larger exponent gives no other result.
  Real power = atLeast(code, atMost(code, y, 0x1p80), -0x1p80);
  Real exponent = zero, rest = zero;
  if (code.isF32(xOperand)) {
    // In f64 the error of a logarithm is nothing.
    exponent = power * logArgument(code, size).log(code, zero);
  } else {
    Pair<Code> log = exactLog(code, size);
    Pair<Code> product = exactProduct(code, power, log.high);
    exponent = product.high;
    rest = code.fma(power, log.low, product.low);
  }
  Real bounded = atLeast(code, atMost(code, exponent, format.expHighest),
                         format.expLowest);
  rest = code.select(bounded == exponent, rest, zero);
  ExpArgument<Code> argument(code, bounded, rest);
  Real high = argument.r + 1.0;
  Real low = argument.tail(code, (argument.r - (high - 1.0)) + argument.rLow);
  Real value = argument.scale(code, high + low);

  // 0 and infinity.
  auto isLess = y < 0.0;
  value = code.select(size == 0.0, code.select(isLess, infinity, zero), value);
  value =
      code.select(size == infinity, code.select(isLess, zero, infinity), value);
  value = code.select((x != x) || (y != y), nan, value);
  // The sign, or none where an exponent of a negative number is not whole.
  auto isSigned = code.copysign(one, x) < 0.0;
  auto isEven = isWhole(code, y * 0.5);
  Real negative = code.select(isEven, value, -value);
  auto hasPower = isWhole(code, y) || (size == 0.0) || (size == infinity);
  negative = code.select(isWhole(code, y), negative, value);
  negative = code.select(hasPower, negative, nan);
  value = code.select(isSigned, negative, value);
  value = code.select((y == 0.0) || (x == 1.0), one, value);
  return code.narrow(value, xOperand);
}

/// The cube root of 2^(3 q + e) (1 + f), |e| <= 1: a polynomial, a step of
/// Halley's method, and one of Newton's with an exact residual.
template <class Code>
typename Code::Real cbrt(Code &code, typename Code::Real x) {
  using Real = typename Code::Real;
  const Format &format = formatOf(code, x);
  Real size = code.abs(x);
  LogArgument<Code> argument = logArgument(code, size);
  double shift = 1.5 * format.whole() + double(format.bias);
  Real shifted = code.fma(argument.k, code.constant(0x1.5555555555555p-2, x),
                          code.constant(shift, x));
  Real third = shifted - shift;
  Real rest = code.fma(third, code.constant(-3.0, x), argument.k);
  Real m = argument.f + 1.0;
  auto isAbove = rest > 0.0, isBelow = rest < 0.0;
  auto choose = [&](double below, double middle, double above) {
    return code.select(isAbove, code.constant(above, x),
                       code.select(isBelow, code.constant(below, x),
                                   code.constant(middle, x)));
  };
  Real a = m * choose(0.5, 1.0, 2.0);
  Real y = polynomial(code, m, coefficients::cbrt(format.kind)) *
           choose(0x1.965fea53d6e3dp-1, 1.0, 0x1.428a2f98d728bp+0);
  Real cube = y * y * y;
  Real error = (cube - a) / code.fma(cube, code.constant(2.0, x), a);
  y = code.fma(-y, error, y);
  Pair<Code> square = exactProduct(code, y, y);
  Pair<Code> back = exactProduct(code, square.high, y);
  Real residual = (back.high - a) + code.fma(square.low, y, back.low);
  y = y - residual / (square.high * 3.0);
  Real power =
      code.fromBits(code.bits(shifted) << uint64_t(format.significandBits));
  Real value = y * power;
  // 0, infinities and NaN.
  Real infinity = code.constant(std::numeric_limits<double>::infinity(), x);
  value = code.select((size > 0.0) && (size < infinity), value, size);
  return code.copysign(value, x);
}

} // namespace vi::special::elementary

#endif // VI_DIALECT_SPECIAL_IR_POWERFUNCTIONS_H
