# RUN: vi-opt %S/Inputs/functions.mlir --emit=shared -o %t.so
# RUN: %python %s %t.so
"""A plate's sums need no memory that grows with the data."""

import ctypes as c
import resource
import sys

library = c.CDLL(sys.argv[1])
i64, f64 = c.c_int64, c.c_double
library.regression.restype = f64


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB


def run(n):
    x, y, residuals = (f64 * n)(), (f64 * n)(), (f64 * n)()
    for a in (x, y, residuals):
        c.memset(a, 1, 8 * n)
    before = peak()
    gradient = f64()
    library.regression(x, i64(n), i64(1), y, i64(n), c.byref(f64(1)), i64(1),
                       i64(0), i64(n), c.byref(gradient), residuals)
    return peak() - before


run(1000)
grown = run(4_000_000)
assert grown <= 1024, "%d KiB more for 4e6 members" % grown
