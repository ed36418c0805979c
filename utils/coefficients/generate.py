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

from minimax import minimax

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


# name, description, degree in f64 and f32, function, interval, weight.
TABLE = [
    ("exp", "(exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2", (9, 4), exp_tail,
     -half_log2, half_log2, exp_weight),
    ("log", "(2 artanh(s) / s - 2) / z at z = s^2 for |s| <= tanh(log(2) / 4)",
     (6, 2), log_tail, mpf(0), log_bound, log_weight),
]


def array(name, numbers, comment):
    body = ",\n    ".join(float(c).hex() for c in numbers)
    return (f"// {comment}\n"
            f"inline constexpr double {name}[] = {{\n    {body}}};\n")


def text():
    parts = []
    for name, description, degrees, function, low, high, weight in TABLE:
        parts.append(f"/// {description}.\n")
        for kind, degree in zip(("f64", "f32"), degrees):
            numbers, error = minimax(function, low, high, degree, kind, weight)
            bits = mpmath.nstr(mpmath.log(error, 2), 4)
            print(f"{name} {kind}: 2^{bits}", file=sys.stderr)
            parts.append(array(f"{name}{kind.upper()}", numbers,
                               f"Relative error 2^{bits}."))
        parts.append(f"""inline llvm::ArrayRef<double> {name}(Format format) {{
  return format == F32 ? llvm::ArrayRef<double>({name}F32) : {name}F64;
}}

""")
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
    new = text()
    if sys.argv[1:] == ["--check"]:
        with open(HEADER) as file:
            if file.read() != new:
                sys.exit(f"{os.path.normpath(HEADER)} is not up to date")
        return
    with open(HEADER, "w") as file:
        file.write(new)


if __name__ == "__main__":
    main()
