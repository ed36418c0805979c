# RUN: vi-opt %S/Inputs/functions.mlir --emit=shared -o %t.so
# RUN: %python %s %t.so
"""Calls exported functions as C does and compares with closed forms."""

import ctypes as c
import math
import random
import sys

library = c.CDLL(sys.argv[1])
i64, f64 = c.c_int64, c.c_double


def array(values, kind=f64):
    return (kind * max(len(values), 1))(*values)


def check(got, expected, tolerance=1e-13):
    scale = max(1.0, abs(expected))
    assert abs(got - expected) <= tolerance * scale, (got, expected)


rng = random.Random(1)
for n, d, begin, end in ((7, 3, 0, 7), (7, 3, 2, 5), (50, 17, 0, 50),
                         (1, 1, 0, 1), (4, 2, 4, 4), (0, 2, 0, 0)):
    x = [[rng.gauss(0, 1) for _ in range(d)] for _ in range(n)]
    y = [rng.gauss(0, 1) for _ in range(n)]
    beta = [rng.gauss(0, 1) for _ in range(d)]
    gradient, residuals = array([9.0] * d), array([9.0] * n)
    library.regression.restype = f64
    value = library.regression(
        array([v for row in x for v in row]), i64(n), i64(d), array(y), i64(n),
        array(beta), i64(d), i64(begin), i64(end), gradient, residuals)
    r = [y[i] - math.fsum(x[i][j] * beta[j] for j in range(d))
         if begin <= i < end else 0.0 for i in range(n)]
    check(value, math.fsum(-0.5 * v * v for v in r))
    for i in range(n):
        check(residuals[i], r[i])
    for j in range(d):
        check(gradient[j], math.fsum(r[i] * x[i][j] for i in range(n)))

for n in (1, 2, 5, 20):
    m = [[rng.gauss(0, 1) for _ in range(n)] for _ in range(n)]
    a = [[math.fsum(m[i][k] * m[j][k] for k in range(n)) + (i == j) * n
          for j in range(n)] for i in range(n)]
    b = [rng.gauss(0, 1) for _ in range(n)]
    # Only the lower triangle is read.
    flat = [a[i][j] if j <= i else math.nan for i in range(n) for j in range(n)]
    solution, factor = array([0.0] * n), array([7.0] * (n * n))
    library.solve.restype = f64
    log_det = library.solve(array(flat), i64(n), i64(n), array(b), i64(n),
                            solution, factor)
    for i in range(n):
        check(math.fsum(a[i][j] * solution[j] for j in range(n)), b[i], 1e-11)
        for j in range(n):
            product = math.fsum(factor[i * n + k] * factor[j * n + k]
                                for k in range(n))
            check(product, a[i][j], 1e-11)
            if j > i:
                assert factor[i * n + j] == 0.0
    check(log_det, 2 * math.fsum(math.log(factor[i * n + i])
                                 for i in range(n)), 1e-11)

# Not positive definite: NaN, also where a pivot is exactly zero.
for a in ([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 2.0, 1.0], [-1.0, 0.0, 0.0, 1.0]):
    factor = array([0.0] * 4)
    library.solve(array(a), i64(2), i64(2), array([1.0, 1.0]), i64(2),
                  array([0.0] * 2), factor)
    assert any(math.isnan(v) for v in factor), list(factor)

l = [[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-1.0, 0.5, 4.0]]
b = [[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]]
out, transposed = array([0.0] * 6), array([0.0] * 6)
library.solve_columns(array(sum(l, [])), i64(3), i64(3), array(sum(b, [])),
                      i64(3), i64(2), out, transposed)
for i in range(3):
    for k in range(2):
        check(sum(l[i][j] * out[2 * j + k] for j in range(3)), b[i][k])
        check(sum(l[j][i] * transposed[2 * j + k] for j in range(3)), b[i][k])

sums, every = array([9.0] * 3, c.c_float), c.c_uint8(9)
library.by_group(array([1.0, 2.0, 4.0, 8.0], c.c_float), i64(4),
                 array([2, 0, 2, 2], i64), i64(4),
                 array([1, 1, 0, 1], c.c_uint8), i64(4), i64(3), sums,
                 c.byref(every))
assert list(sums) == [2.0, 0.0, 9.0] and every.value == 0

library.small.restype = f64
for x in (1e-20, -1e-9, 0.5):
    for on in (False, True):
        b, flipped, seven = f64(), c.c_uint8(9), c.c_int32()
        a = library.small(f64(x), c.c_bool(on), c.byref(b), c.byref(flipped),
                          c.byref(seven))
        check(a, math.log1p(x), 1e-16 if x < 0.1 else 1e-15)
        assert abs(a - math.log1p(x)) <= 4e-16 * abs(a)
        assert abs(b.value - math.expm1(x)) <= 4e-16 * abs(b.value)
        assert flipped.value == (not on) and seven.value == 7
