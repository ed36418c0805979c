#!/usr/bin/env python3
"""Writes include/vi/Dialect/Special/IR/LogisticMixture.h.

    utils/coefficients/logistic_mixture.py            writes the file
    utils/coefficients/logistic_mixture.py --check    says whether it is current
    utils/coefficients/logistic_mixture.py --search   looks for the best scales

The logistic function as a scale mixture of normal distribution functions,

    sigmoid(x) ~ sum of w_j Phi(x / c_j),   w_j > 0,   sum of w_j = 1,

and with it softplus, its integral, as sum of w_j (x Phi(x/c_j) + c_j phi(x/c_j))
= max(x, 0) + sum of w_j c_j L(|x| / c_j) with L(u) = phi(u) - u Phi(-u). The
scales c_j are a geometric sequence between two ends, which --search finds. The
weights are those with the smallest largest error in softplus: it is even, so
the second algorithm of Remez on x >= 0 gives them, with the sum as one more
equation. They are then rounded to multiples of a power of two, so that their
sum is 1 exactly.

The certificate printed, and written into the file, bounds the errors of
softplus, sigmoid and sigmoid' (and four more derivatives) on the whole line. On a
grid of spacing h the p-th derivative of the error is bounded by its largest
value there plus h/2 times a bound of the next derivative; this starts from
derivative 12, which is bounded term by term through Fourier transforms:

    |sigmoid^(p)| <= integral of t^p / sinh(pi t) over t > 0,
    |phi^(k)| <= integral of t^k exp(-t^2/2) / pi over t > 0.

Beyond the grid both functions decrease, and their values at its end are the
bound. An expectation of the error under any distribution obeys the same bound.

The file has Mills' ratio (1 - Phi(u)) / phi(u) too, as a polynomial in
y = 2 u / bound - 1 for u in [0, bound], best in the error that (1 + u) Phi(-u)
has.
"""
import math
import os
import sys

import mpmath
from mpmath import mp, mpf

from generated import write_or_check
from minimax import minimax

mp.dps = 40
HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                      os.pardir, "include", "vi", "Dialect", "Special", "IR",
                      "LogisticMixture.h")

# kind: number of terms, ends of the scales, bits of the weights, where both
# functions have become one for the fit; bound and degree of Mills' ratio.
KINDS = {
    "f64": (14, ("0.5677", "5.6305"), 54, 36, "7", 21),
    "f32": (7, ("0.8040", "4.1880"), 25, 26, "4.5", 11),
}


# ---------------------------------------------------------------------------
# The fit
# ---------------------------------------------------------------------------

def upper_tail(u):
    return mpmath.erfc(u / mpmath.sqrt(2)) / 2


def partial_expectation(u):
    return mpmath.npdf(u) - u * upper_tail(u)


def scales(count, ends):
    low, high = map(mpf, ends)
    return [low * (high / low) ** (mpf(j) / (count - 1)) for j in range(count)]


def solve(points, targets, basis, chosen):
    """Weights of sum 1 whose errors at the chosen points are equal and change
    sign from each to the next, and that error."""
    count = len(chosen)
    matrix = mpmath.matrix(count + 1, count + 1)
    right = mpmath.matrix(count + 1, 1)
    for row, i in enumerate(chosen):
        for j in range(count):
            matrix[row, j] = basis[i][j]
        matrix[row, count] = (-1) ** row
        right[row] = targets[i]
    for j in range(count):
        matrix[count, j] = 1
    right[count] = 1
    solution = mpmath.lu_solve(matrix, right)
    return [solution[j] for j in range(count)], abs(solution[count])


def fit(count, ends, top, steps, chosen=None):
    """The best weights for the scales between the ends on a grid of [0, top],
    their largest error, and where the errors are extreme."""
    points = [mpf(top) * i / steps for i in range(steps + 1)]
    targets = [mpmath.log1p(mpmath.exp(-x)) for x in points]
    c = scales(count, ends)
    basis = [[cj * partial_expectation(x / cj) for cj in c] for x in points]
    chosen = chosen or [round(0.83 * steps * (i / (count - 1)) ** 1.3)
                        for i in range(count)]
    for _ in range(40):
        weights, level = solve(points, targets, basis, chosen)
        errors = [t - mpmath.fdot(weights, row)
                  for t, row in zip(targets, basis)]
        worst = max(abs(error) for error in errors)
        # The largest error between each two changes of its sign.
        extremes = []
        for i, error in enumerate(errors):
            if not extremes or (error > 0) != (errors[extremes[-1]] > 0):
                extremes.append(i)
            elif abs(error) > abs(errors[extremes[-1]]):
                extremes[-1] = i
        while len(extremes) > count:
            first, last = abs(errors[extremes[0]]), abs(errors[extremes[-1]])
            extremes.pop(0 if first < last else -1)
        if len(extremes) < count or worst <= level * (1 + mpf(10) ** -4):
            break
        chosen = extremes
    return weights, worst, chosen


def search(kind):
    """The ends of the scales that leave the smallest error."""
    from scipy.optimize import minimize
    count, ends, _, top, _, _ = KINDS[kind]
    state = {"chosen": None}

    def error(logarithms):
        ends = [math.exp(x) for x in logarithms]
        weights, worst, state["chosen"] = fit(count, ends, top, 240,
                                              state["chosen"])
        print(kind, "%.5f %.5f" % tuple(ends), mpmath.nstr(worst, 4), flush=True)
        return float(mpmath.log(worst)) if min(weights) > 0 else 0.0

    start = [math.log(float(end)) for end in ends]
    minimize(error, start, method="Nelder-Mead", options={
        "initial_simplex": [start, [start[0] + 0.02, start[1]],
                            [start[0], start[1] + 0.03]],
        "xatol": 1e-4, "fatol": 1e-3, "maxfev": 80})


def rounded(weights, bits):
    """Multiples of 2^-bits with sum 1."""
    whole = [int(mpmath.nint(w * 2 ** bits)) for w in weights]
    whole[whole.index(max(whole))] += 2 ** bits - sum(whole)
    return [mpf(w) / 2 ** bits for w in whole]


# ---------------------------------------------------------------------------
# The certificate
# ---------------------------------------------------------------------------

def logistic_derivatives(x, highest):
    """softplus(-x), then |derivatives| with signs of softplus at x."""
    t = mpmath.exp(-x)
    s = 1 / (1 + t)
    # Derivatives of the logistic function are polynomials in it.
    values = [mpmath.log1p(t), -t / (1 + t)]
    power = [mpf(0), mpf(1)]
    for _ in range(2, highest + 1):
        slope = [k * a for k, a in enumerate(power)][1:]
        power = [mpf(0)] * (len(slope) + 2)
        for k, a in enumerate(slope):
            power[k + 1] += a
            power[k + 2] -= a
        values.append(mpmath.polyval(power[::-1], s))
    return values


def mixture_derivatives(x, weights, c, highest):
    """The same of the mixture; max(x, 0) is taken off both."""
    values = [mpf(0)] * (highest + 1)
    for w, cj in zip(weights, c):
        u = x / cj
        density, tail = mpmath.npdf(u), upper_tail(u)
        values[0] += w * cj * (density - u * tail)
        values[1] -= w * tail
        before, hermite = mpf(0), mpf(1)
        for p in range(2, highest + 1):
            values[p] += (w * (-1) ** p * hermite * density / cj ** (p - 1))
            before, hermite = hermite, u * hermite - (p - 2) * before
    return values


def certificate(weights, c, highest=12, top=48, steps=48 * 32):
    """Bounds of |error| of softplus and of its derivatives 1 to 6."""
    largest = [mpf(0)] * highest
    for i in range(steps + 1):
        x = mpf(top) * i / steps
        for p, (a, b) in enumerate(zip(
                logistic_derivatives(x, highest - 1),
                mixture_derivatives(x, weights, c, highest - 1))):
            largest[p] = max(largest[p], abs(a - b))
    p = highest - 1
    bound = (2 * mpmath.factorial(p) * (1 - mpf(2) ** -(p + 1)) *
             mpmath.zeta(p + 1) / mp.pi ** (p + 1))
    k = highest - 2
    phi = mpf(2) ** (mpf(k - 1) / 2) * mpmath.gamma(mpf(k + 1) / 2) / mp.pi
    bound += sum(w * phi / cj ** (highest - 1) for w, cj in zip(weights, c))
    half = mpf(top) / steps / 2
    bounds = [None] * highest + [bound]
    for p in reversed(range(highest)):
        bounds[p] = largest[p] + half * bounds[p + 1]
    # |softplus^(p)| <= p! exp(-x); what the mixture has there is on the grid.
    end = mixture_derivatives(mpf(top), weights, c, 6)
    return [bounds[p] + mpmath.factorial(p) * mpmath.exp(-top) + abs(end[p])
            for p in range(7)]


# ---------------------------------------------------------------------------
# The header
# ---------------------------------------------------------------------------

def mills(kind):
    bound, degree = mpf(KINDS[kind][4]), KINDS[kind][5]

    def at(y):
        return bound * (y + 1) / 2

    def ratio(y):
        return upper_tail(at(y)) / mpmath.npdf(at(y))

    def weight(y):
        return mpmath.npdf(at(y)) * (1 + at(y))

    return minimax(ratio, mpf(-1), mpf(1), degree, kind, weight)


def array(name, numbers):
    body = ",\n    ".join(float(number).hex() for number in numbers)
    return f"inline constexpr double {name}[] = {{\n    {body}}};\n"


def table(kind):
    count, ends, bits, top, bound, _ = KINDS[kind]
    weights, _, _ = fit(count, ends, top, 1200)
    weights = rounded(weights, bits)
    c = [mpf(float(x)) for x in scales(count, ends)]
    assert min(weights) > 0 and sum(weights) == 1
    errors = [mpmath.nstr(error, 3) for error in certificate(weights, c)]
    print(f"{kind}: {count} terms, {', '.join(errors)}", file=sys.stderr)
    polynomial, error = mills(kind)
    error = mpmath.nstr(error, 3)
    print(f"{kind}: Mills' ratio {error}", file=sys.stderr)
    suffix = kind.upper()
    return f"""\
/// Bounds of the errors of softplus and of its first six derivatives.
inline constexpr double mixtureErrors{suffix}[] = {{
    {', '.join(errors)}}};
{array("scales" + suffix, c)}\
{array("weights" + suffix, weights)}\
/// Error of (1 + u) Phi(-u) below {error}.
{array("mills" + suffix, polynomial)}\
inline constexpr double millsBound{suffix} = {bound};
"""


def text():
    return f"""//===- LogisticMixture.h - of normal distribution functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written by utils/coefficients/logistic_mixture.py, which says how.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_LOGISTICMIXTURE_H
#define VI_DIALECT_SPECIAL_IR_LOGISTICMIXTURE_H

#include "llvm/ADT/ArrayRef.h"

// clang-format off
namespace vi::special::coefficients {{

{table("f64")}
{table("f32")}
/// sigmoid(x) is the sum of weights[j] Phi(x / scales[j]); Mills' ratio is a
/// polynomial in 2 u / millsBound - 1 for u from 0 to millsBound.
struct LogisticMixture {{
  llvm::ArrayRef<double> scales, weights, mills;
  double millsBound;
}};

inline LogisticMixture logisticMixture(bool isF32) {{
  if (isF32)
    return {{scalesF32, weightsF32, millsF32, millsBoundF32}};
  return {{scalesF64, weightsF64, millsF64, millsBoundF64}};
}}

}} // namespace vi::special::coefficients
// clang-format on

#endif // VI_DIALECT_SPECIAL_IR_LOGISTICMIXTURE_H
"""


def main():
    if sys.argv[1:] == ["--search"]:
        for kind in KINDS:
            search(kind)
        return
    write_or_check(HEADER, text(), sys.argv[1:])


if __name__ == "__main__":
    main()
