#!/usr/bin/env python3
"""Writes include/vi/Dialect/Special/IR/Coefficients.h.

    utils/coefficients/generate.py            writes the file
    utils/coefficients/generate.py --check    says whether it is up to date

Each polynomial is the best one, in the error that its function's result has,
among those with coefficients of the format; see minimax.py. The largest error
stands beside it, as a power of two.
"""
import os
import sys

from mpmath import mp, mpf
import mpmath

from generated import write_or_check
from minimax import ROUND, minimax, rational

mp.dps = 40
HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                      os.pardir, "include", "vi", "Dialect", "Special", "IR",
                      "Coefficients.h")
TINY = mpf(10) ** -10


def series(function, terms):
    """`function`, or near 0, where it cancels, its series."""
    def evaluate(x):
        if abs(x) < TINY:
            return sum(t * x ** k for k, t in enumerate(terms))
        return function(x)
    return evaluate


# (exp(r) - 1 - r) / r^2, relative to exp(r) - 1.
half_log2 = mpmath.log(2) / 2 * (1 + mpf(2) ** -10)
exp_tail = series(lambda r: (mpmath.expm1(r) - r) / r ** 2,
                  [mpf(1) / 2, mpf(1) / 6, mpf(1) / 24])


def exp_weight(r):
    return abs(r * r / mpmath.expm1(r)) if r else mpf(0)


# With s = f / (2 + f) and z = s^2: log(1 + f) = 2 artanh(s) =
# 2 s + s z p(z), relative to log(1 + f).
log_bound = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2 * (1 + mpf(2) ** -20)
log_tail = series(lambda z: (2 * mpmath.atanh(mpmath.sqrt(z)) /
                             mpmath.sqrt(z) - 2) / z,
                  [mpf(2) / 3, mpf(2) / 5, mpf(2) / 7])


def log_weight(z):
    s = mpmath.sqrt(z)
    return s * z / (2 * mpmath.atanh(s)) if z else mpf(0)


# Without the next term either: 2 s + 2/3 s z + s z^2 p(z).
log_fifth = series(lambda z: ((2 * mpmath.atanh(mpmath.sqrt(z)) /
                               mpmath.sqrt(z) - 2) / z - mpf(2) / 3) / z,
                   [mpf(2) / 5, mpf(2) / 7, mpf(2) / 9])


def log_fifth_weight(z):
    return log_weight(z) * z


# erf(x) / x in z = x^2 for |x| <= 1/2, less its first value to the format's
# precision: what is left adds to it.
def erf_leading(kind):
    return ROUND[kind](2 / mpmath.sqrt(mp.pi))


def erf_tail(kind):
    leading = erf_leading(kind)
    return series(lambda z: mpmath.erf(mpmath.sqrt(z)) / mpmath.sqrt(z) -
                  leading,
                  [2 / mpmath.sqrt(mp.pi) - leading,
                   -2 / (3 * mpmath.sqrt(mp.pi))])


def scaled_erfc(x):
    """exp(x^2) erfc(x)."""
    if x < 60:
        with mp.workdps(80):
            return mpmath.exp(x * x) * mpmath.erfc(x)
    z, term, total = 1 / (2 * x * x), mpf(1), mpf(1)
    for k in range(1, 25):
        term *= -(2 * k - 1) * z
        total += term
    return total / (x * mpmath.sqrt(mp.pi))


# The complementary error function and the normal distribution function without
# their exponential factors, times 1 + slope x, at t = (x - center) / (x +
# center); erfc needs it up to where it underflows, the logarithm of the normal
# distribution function, less accurately, up to infinity.
def tail_at(function, slope, center):
    def evaluate(t):
        if 1 - t < mpf(10) ** -25:
            t = 1 - mpf(10) ** -25
        x = center * (1 + t) / (1 - t)
        return (1 + slope * x) * function(x)
    return evaluate


ERFC_SLOPE, NORMAL_SLOPE = mpf(7) / 4, mpf(5) / 4
CENTER = {"f64": 4, "f32": mpf(5) / 2}


def mills(x):
    """exp(x^2 / 2) P(Z > x) of a standard normal variable Z."""
    return scaled_erfc(x / mpmath.sqrt(2)) / 2


def relative(function):
    return lambda x: 1 / abs(function(x))


# The gamma function at 2 + d: lgamma(2 + d) / d and digamma(2 + d).
lgamma_middle = series(lambda d: mpmath.loggamma(2 + d) / d,
                       [1 - mp.euler, (mpmath.zeta(2) - 1) / 2])


def digamma_middle(d):
    return mpmath.digamma(2 + d)


# Remainders of Stirling's formula at z = 1/x^2: lgamma(x) is
# (x - 1/2) (log(x) - 1) + (log(2 pi) - 1) / 2 + p(z) / x, and digamma(x) is
# log(x) - 1/(2x) - z p(z).
def lgamma_remainder(z):
    if z < mpf(10) ** -8:
        return mpf(1) / 12 - z / 360 + z * z / 1260
    x = 1 / mpmath.sqrt(z)
    with mp.workdps(60):
        return x * (mpmath.loggamma(x) - (x - mpf(1) / 2) * mpmath.log(x) + x -
                    mpmath.log(2 * mp.pi) / 2)


def digamma_remainder(z):
    if z < mpf(10) ** -8:
        return mpf(1) / 12 - z / 120 + z * z / 252
    x = 1 / mpmath.sqrt(z)
    with mp.workdps(60):
        return x * x * (mpmath.log(x) - 1 / (2 * x) - mpmath.digamma(x))


STIRLING = 1 / mpf("2.5") ** 2

# sin(pi d) / d and (1/d - pi cot(pi d)) / d in d^2 for |d| <= 1/2.
sine_of_pi = series(lambda z: mpmath.sinpi(mpmath.sqrt(z)) / mpmath.sqrt(z),
                    [mp.pi, -mp.pi ** 3 / 6])
cotangent_of_pi = series(
    lambda z: (1 / mpmath.sqrt(z) - mp.pi * mpmath.cot(mp.pi * mpmath.sqrt(z)))
    / mpmath.sqrt(z), [mp.pi ** 2 / 3, mp.pi ** 4 / 45])


# In z = r^2: (sin(r) / r - 1) / z and (cos(r) - 1 + z / 2) / z^2 for |r| <=
# pi / 4, relative to the function.
quarter_turn = (mp.pi / 4 * (1 + mpf(2) ** -20)) ** 2
sine_tail = series(
    lambda z: (mpmath.sin(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z,
    [-mpf(1) / 6, mpf(1) / 120, -mpf(1) / 5040])
cosine_tail = series(
    lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z ** 2,
    [mpf(1) / 24, -mpf(1) / 720, mpf(1) / 40320])


def odd_tail(function, cubic, fifth):
    """(f(x) / x - 1) / z at z = x^2 of an odd function with f(x) = x + ..."""
    return series(
        lambda z: (function(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z,
        [mpf(cubic), mpf(fifth)])


def odd_weight(function):
    """What an error of the tail is relative to the function."""
    return lambda z: (z * mpmath.sqrt(z) / function(mpmath.sqrt(z)) if z
                      else mpf(0))


ATAN_HIGHEST = (mpmath.sqrt(2) - 1) ** 2 * (1 + mpf(2) ** -20)


class Polynomial:
    """name, description, degrees in f64 and f32, function, interval, weight.

    Of function, interval and weight each may depend on the format."""

    def __init__(self, name, description, degrees, function, low, high, weight):
        self.__dict__.update(vars())

    def arrays(self):
        for kind, degree in zip(("f64", "f32"), self.degrees):
            get = lambda item: item[kind] if isinstance(item, dict) else item
            numbers, error = minimax(get(self.function), get(self.low),
                                     get(self.high), degree, kind,
                                     get(self.weight))
            yield "", kind, numbers, error


class Rational(Polynomial):
    """Likewise, with the degrees of numerator and denominator."""

    def arrays(self):
        for kind, degrees in zip(("f64", "f32"), self.degrees):
            high = self.high[kind] if isinstance(self.high, dict) else self.high
            above, below, error = rational(self.function, self.low, high,
                                           *degrees, kind)
            yield "Above", kind, above, error
            yield "Below", kind, below, error


def both(make):
    return {"f64": make("f64"), "f32": make("f32")}


def erfc_highest(kind):
    x = mpf({"f64": "27.3", "f32": "10.1"}[kind])
    return (x - CENTER[kind]) / (x + CENTER[kind])


# The quantile x >= 0 of 1 - q: near the median over 1/2 - q, in its square; in
# the tail in sqrt(-log q).
def quantile(v):
    """The x with P(|Z| > x) = exp(-v), by Newton's method."""
    if v < mpf(10) ** -20:
        return v * mpmath.sqrt(mp.pi / 2)
    x = mpmath.sqrt(2 * v) if v > 1 else v * mpmath.sqrt(mp.pi / 2)
    for _ in range(60):
        tail = 2 * mills(x)
        step = (mpmath.log(tail) - x * x / 2 + v) * tail * mpmath.sqrt(mp.pi / 2)
        x += step
        if abs(step) < mpf(10) ** -32 * x:
            break
    return x


QUANTILE_MIDDLE = mpf("0.180625")


def quantile_middle(u):
    z = QUANTILE_MIDDLE - u
    if z < mpf(10) ** -20:
        return mpmath.sqrt(2 * mp.pi)
    return quantile(-mpmath.log1p(-2 * mpmath.sqrt(z))) / mpmath.sqrt(z)


def quantile_tail(s):
    return quantile(s * s - mpmath.log(2))


TABLE = [
    Polynomial("exp", "(exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2", (9, 4),
               exp_tail, -half_log2, half_log2, exp_weight),
    Polynomial("log",
               "(2 artanh(s) / s - 2) / z at z = s^2 for |s| <= tanh(log(2) / 4)",
               (6, 2), log_tail, mpf(0), log_bound, log_weight),
    Polynomial("logFifth",
               "((2 artanh(s) / s - 2) / z - 2/3) / z at z = s^2 for |s| <=\n"
               "/// tanh(log(2) / 4)", (8, 2), log_fifth, mpf(0), log_bound,
               log_fifth_weight),
    Polynomial("erf", "erf(x) / x less `erfLeading`, at z = x^2 for |x| <= 1/2",
               (8, 4), both(erf_tail), mpf(0), mpf(1) / 4,
               lambda z: 1 / (erf_tail("f64")(z) + erf_leading("f64"))),
    Polynomial("erfc",
               "exp(x^2) erfc(x) (1 + 7/4 x) at t = (x - c) / (x + c), where c "
               "is 4\n/// in f64 and 2.5 in f32",
               (24, 11),
               both(lambda kind: tail_at(scaled_erfc, ERFC_SLOPE, CENTER[kind])),
               mpf(-1), both(erfc_highest),
               both(lambda kind: relative(tail_at(scaled_erfc, ERFC_SLOPE,
                                                  CENTER[kind])))),
    Polynomial("normalTail",
               "exp(x^2/2) P(Z > x) (1 + 5/4 x) of a standard normal Z at\n"
               "/// t = (x - c) / (x + c), where c is 5.5 in f64 and 3.5 in f32",
               (25, 11),
               {"f64": tail_at(mills, NORMAL_SLOPE, mpf("5.5")),
                "f32": tail_at(mills, NORMAL_SLOPE, mpf("3.5"))},
               mpf(-1), mpf(1),
               {"f64": relative(tail_at(mills, NORMAL_SLOPE, mpf("5.5"))),
                "f32": relative(tail_at(mills, NORMAL_SLOPE, mpf("3.5")))}),
    Rational("quantileMiddle",
             "x / (1/2 - q) at 0.180625 - (1/2 - q)^2 where x is the normal "
             "quantile of\n/// 1 - q, for |1/2 - q| <= 0.425", ((7, 7), (3, 3)),
             quantile_middle, mpf(0), QUANTILE_MIDDLE, None),
    Rational("quantileTail", "The normal quantile of 1 - q at sqrt(-log(q)), for "
             "q <= 0.075", ((11, 10), (4, 4)), quantile_tail, mpf("1.6"),
             {"f64": mpf("27.4"), "f32": mpf("10.3")}, None),
    Polynomial("lgammaMiddle", "lgamma(2 + d) / d for |d| <= 1/2", (17, 8),
               lgamma_middle, mpf(-1) / 2, mpf(1) / 2, relative(lgamma_middle)),
    Polynomial("lgammaRemainder",
               "x (lgamma(x) - (x - 1/2) log(x) + x - log(2 pi) / 2) at z = "
               "1/x^2 for\n/// x >= 2.5", (11, 4), lgamma_remainder, mpf(0),
               STIRLING, lambda z: mpf(1)),
    Polynomial("digammaMiddle", "digamma(2 + d) for |d| <= 1/2", (19, 9),
               digamma_middle, mpf(-1) / 2, mpf(1) / 2,
               relative(digamma_middle)),
    Polynomial("digammaRemainder",
               "x^2 (log(x) - 1/(2x) - digamma(x)) at z = 1/x^2 for x >= 2.5",
               (12, 4), digamma_remainder, mpf(0), STIRLING, lambda z: mpf(1)),
    Polynomial("sinOfPi", "sin(pi d) / d at z = d^2 for |d| <= 1/2", (7, 4),
               sine_of_pi, mpf(0), mpf(1) / 4, relative(sine_of_pi)),
    Polynomial("cotOfPi",
               "(1/d - pi cot(pi d)) / d at z = d^2 for |d| <= 1/2", (14, 6),
               cotangent_of_pi, mpf(0), mpf(1) / 4, relative(cotangent_of_pi)),
    Polynomial("sin", "(sin(r) / r - 1) / z at z = r^2 for |r| <= pi / 4",
               (6, 3), sine_tail, mpf(0), quarter_turn, odd_weight(mpmath.sin)),
    Polynomial("cos", "(cos(r) - 1 + z / 2) / z^2 at z = r^2 for |r| <= pi / 4",
               (6, 3), cosine_tail, mpf(0), quarter_turn,
               lambda z: z * z / mpmath.cos(mpmath.sqrt(z))),
    Polynomial("asin", "(asin(x) / x - 1) / z at z = x^2 for |x| <= 1/2",
               (12, 4), odd_tail(mpmath.asin, mpf(1) / 6, mpf(3) / 40), mpf(0),
               mpf(1) / 4, odd_weight(mpmath.asin)),
    Polynomial("atan", "(atan(x) / x - 1) / z at z = x^2 for |x| <= tan(pi / 8)",
               (11, 4), odd_tail(mpmath.atan, -mpf(1) / 3, mpf(1) / 5), mpf(0),
               ATAN_HIGHEST, odd_weight(mpmath.atan)),
    Polynomial("sinh", "(sinh(x) / x - 1) / z at z = x^2 for |x| <= 1",
               (7, 3), odd_tail(mpmath.sinh, mpf(1) / 6, mpf(1) / 120), mpf(0),
               mpf(1), odd_weight(mpmath.sinh)),
    Polynomial("asinh", "(asinh(x) / x - 1) / z at z = x^2 for |x| <= 1/2",
               (12, 4), odd_tail(mpmath.asinh, -mpf(1) / 6, mpf(3) / 40),
               mpf(0), mpf(1) / 4, odd_weight(mpmath.asinh)),
    Polynomial("cbrt", "The cube root for x from sqrt(1/2) to sqrt(2)", (6, 3),
               mpmath.cbrt, mpmath.sqrt(0.5), mpmath.sqrt(2),
               relative(mpmath.cbrt)),
]

# A double for each 53 bits of 2 / pi 2^(128 w), without multiples of 2^53 where
# w is not 0: times a number from 2 to 2^129, these would be multiples of 4.
WINDOWS, WINDOW_PARTS = 8, 6


def window(w):
    with mp.workprec(1600):
        rest = 2 / mp.pi * mpf(2) ** (128 * w)
        if w:
            rest -= mpmath.floor(rest / mpf(2) ** 53) * mpf(2) ** 53
        parts = []
        for _ in range(WINDOW_PARTS):
            parts.append(float(rest))
            rest -= mpf(parts[-1])
        return parts


def split(number, bits):
    """Parts of `number`, all but the last of so many bits."""
    with mp.workprec(400):
        parts, rest = [], number
        for count in bits:
            exponent = mpmath.floor(mpmath.log(abs(rest), 2))
            unit = mpf(2) ** (exponent - count + 1)
            parts.append(float(mpmath.floor(rest / unit) * unit))
            rest -= mpf(parts[-1])
        return parts + [float(rest)]


def array(name, numbers, comment):
    body = ",\n    ".join(float(c).hex() for c in numbers)
    return (f"// {comment}\n"
            f"inline constexpr double {name}[] = {{\n    {body}}};\n")


def text():
    parts = []
    for entry in TABLE:
        parts.append(f"/// {entry.description}.\n")
        suffixes = []
        for suffix, kind, numbers, error in entry.arrays():
            bits = mpmath.nstr(mpmath.log(error, 2), 4)
            print(f"{entry.name}{suffix} {kind}: 2^{bits}", file=sys.stderr)
            name = entry.name + suffix
            parts.append(array(f"{name}{kind.upper()}", numbers,
                               f"Relative error 2^{bits}."))
            if name not in suffixes:
                suffixes.append(name)
        for name in suffixes:
            parts.append(
                f"inline llvm::ArrayRef<double> {name}(Format format) {{\n"
                f"  return format == F32 ? llvm::ArrayRef<double>({name}F32) : "
                f"{name}F64;\n}}\n")
        parts.append("\n")
    parts.append("/// 2 / pi 2^(128 w), but for multiples of 2^53 where w > 0.\n"
                 f"inline constexpr double twoOverPi[{WINDOWS}][{WINDOW_PARTS}] "
                 "= {\n    " + ",\n    ".join(
                     "{" + ",\n     ".join(part.hex() for part in window(w)) + "}"
                     for w in range(WINDOWS)) + "};\n\n")
    with mp.workprec(400):
        parts.append(array("halfPiParts", split(mp.pi / 2, [33, 33, 33]),
                           "pi / 2 in parts of 33 bits, and the rest."))
    parts.append("\n/// 2 / sqrt(pi), rounded to the format.\n")
    leading = ", ".join(float(erf_leading(kind)).hex()
                        for kind in ("f32", "f64"))
    parts.append("inline double erfLeading(Format format) {\n  return format == "
                 f"F32 ? {leading.split(', ')[0]} : {leading.split(', ')[1]};\n"
                 "}\n\n")
    return f"""//===- Coefficients.h - of approximating polynomials -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written by utils/coefficients/generate.py, which says what they minimize.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_COEFFICIENTS_H
#define VI_DIALECT_SPECIAL_IR_COEFFICIENTS_H

#include "llvm/ADT/ArrayRef.h"

// clang-format off
namespace vi::special::coefficients {{

enum Format {{ F64, F32 }};

{"".join(parts)}}} // namespace vi::special::coefficients
// clang-format on

#endif // VI_DIALECT_SPECIAL_IR_COEFFICIENTS_H
"""


def main():
    write_or_check(HEADER, text(), sys.argv[1:])


if __name__ == "__main__":
    main()
