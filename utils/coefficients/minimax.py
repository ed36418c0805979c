"""Best polynomial approximation with coefficients of f64 or f32:

    minimize over c   max |weight(x) (target(x) - sum of c_k x^k)|.

First the second algorithm of Remez on a fine grid of Chebyshev points, in high
precision. Then the coefficients are rounded one by one, the first one first,
and after each the others move to make up for it (a linear program in the small
changes, for which f64 is enough). Rounding all at once would lose the leading
digits that a short polynomial in f32 depends on.
"""
import math
import struct

import numpy
from scipy.optimize import linprog

from mpmath import mp, mpf
import mpmath


def round_f64(number):
    return mpf(float(number))


def round_f32(number):
    return mpf(struct.unpack("f", struct.pack("f", float(number)))[0])


ROUND = {"f64": round_f64, "f32": round_f32}


def chebyshev_points(low, high, count):
    """The extreme points of a Chebyshev polynomial, ends included."""
    middle, half = (mpf(low) + high) / 2, (mpf(high) - low) / 2
    return [middle - half * mpmath.cos(mp.pi * i / (count - 1))
            for i in range(count)]


def evaluate(coefficients, x):
    value = mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def weighted_errors(points, targets, weights, coefficients):
    return [w * (t - evaluate(coefficients, x))
            for x, t, w in zip(points, targets, weights)]


def remez(points, targets, weights, count):
    """The best `count` coefficients on the points, and their largest error."""
    size = count + 1
    chosen = [round((len(points) - 1) * i / (size - 1)) for i in range(size)]
    for _ in range(40):
        matrix = mpmath.matrix(size, size)
        right = mpmath.matrix(size, 1)
        for row, i in enumerate(chosen):
            power = weights[i]
            for k in range(count):
                matrix[row, k] = power
                power *= points[i]
            matrix[row, count] = (-1) ** row
            right[row] = weights[i] * targets[i]
        solution = mpmath.lu_solve(matrix, right)
        coefficients = [solution[k] for k in range(count)]
        level = abs(solution[count])
        errors = weighted_errors(points, targets, weights, coefficients)
        # The largest error between each two changes of its sign.
        extremes = []
        for i, error in enumerate(errors):
            if not extremes or (error > 0) != (errors[extremes[-1]] > 0):
                extremes.append(i)
            elif abs(error) > abs(errors[extremes[-1]]):
                extremes[-1] = i
        while len(extremes) > size:
            first, last = abs(errors[extremes[0]]), abs(errors[extremes[-1]])
            extremes.pop(0 if first < last else -1)
        worst = max(abs(error) for error in errors)
        if len(extremes) < size or worst <= level * (1 + mpf(10) ** -4):
            break
        chosen = extremes
    return coefficients, worst


def best_changes(basis, errors):
    """The c that minimize max |errors - basis c|."""
    count, size = basis.shape
    scale = numpy.abs(basis).max(axis=0)
    ones = numpy.ones((count, 1))
    program = linprog(
        numpy.append(numpy.zeros(size), 1.0),
        numpy.vstack([numpy.hstack([basis / scale, -ones]),
                      numpy.hstack([-basis / scale, -ones])]),
        numpy.concatenate([errors, -errors]),
        bounds=[(None, None)] * size + [(0, None)], method="highs")
    return program.x[:-1] / scale if program.status == 0 else numpy.zeros(size)


def minimax(function, low, high, degree, kind, weight=lambda x: mpf(1)):
    """The coefficients, rounded to f64 or f32, and the largest error."""
    count = degree + 1
    points = chebyshev_points(low, high, 40 * (count + 2))
    weights = [weight(x) for x in points]
    targets = [function(x) for x in points]
    coefficients, level = remez(points, targets, weights, count)
    radius = max(abs(x) for x in points)
    powers = [numpy.array([float(w * (x / radius) ** k)
                           for x, w in zip(points, weights)])
              for k in range(count)]
    for k in range(count):
        coefficients[k] = ROUND[kind](coefficients[k])
        if k == degree:
            break
        errors = weighted_errors(points, targets, weights, coefficients)
        changes = best_changes(numpy.column_stack(powers[k + 1:]),
                               numpy.array([float(e / level) for e in errors]))
        for j, change in enumerate(changes, k + 1):
            coefficients[j] += level * mpf(change) / radius ** j
    errors = weighted_errors(points, targets, weights, coefficients)
    return coefficients, max(abs(error) for error in errors)


def rational(function, low, high, above, below, kind):
    """Numerator and denominator, of which the first coefficient is 1, rounded;
    and the largest relative error. Least squares at Chebyshev points, weighted
    by the denominator before: close to the best."""
    points = chebyshev_points(low, high, 8 * (above + below + 2))
    with mp.workdps(mp.dps + 40):
        targets = [function(x) for x in points]
        divisors = [mpf(1)] * len(points)
        for _ in range(6):
            rows = []
            for x, target, divisor in zip(points, targets, divisors):
                weight = 1 / abs(target * divisor)
                rows.append([weight * x ** k for k in range(above + 1)] +
                            [-weight * target * x ** k
                             for k in range(1, below + 1)] + [weight * target])
            size = above + below + 1
            normal, right = mpmath.matrix(size, size), mpmath.matrix(size, 1)
            for i in range(size):
                for j in range(i + 1):
                    normal[i, j] = normal[j, i] = mpmath.fdot(
                        (row[i], row[j]) for row in rows)
                right[i] = mpmath.fdot((row[i], row[size]) for row in rows)
            solution = mpmath.lu_solve(normal, right)
            numerator = [solution[k] for k in range(above + 1)]
            denominator = [mpf(1)] + [solution[above + k]
                                      for k in range(1, below + 1)]
            divisors = [evaluate(denominator, x) for x in points]
    numerator = [ROUND[kind](c) for c in numerator]
    denominator = [ROUND[kind](c) for c in denominator]
    error = max(abs(evaluate(numerator, x) / evaluate(denominator, x) / t - 1)
                for x, t in zip(points, targets))
    return numerator, denominator, error
