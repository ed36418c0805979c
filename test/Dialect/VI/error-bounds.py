# The errors that vi-bound-errors says expectations have, against those that they
# have: of sums over plates of certified functions with coefficients of both
# signs, of products, and of quadratures that resolve their functions and that do
# not.
#
# Certified errors are bounds, and their sum is the formula of the
# documentation: that is checked to 1e-12 of it. Quadrature's error is an
# estimate for each member, so that errors of members that cancel add. It must not
# be below the error of the sum by more than a tenth, nor above three times the
# sum of the members' own, where these are above rounding (1e-13).
#
# The truth is the trapezoidal rule of step 1/256 in long double.
#
# REQUIRES: numpy
# RUN: %python %s
import ctypes
import sys

import numpy as np

import native

STEP = np.longdouble(1) / 256
Z = np.arange(-12 * 256, 12 * 256 + 1).astype(np.longdouble) * STEP
W = np.exp(-Z * Z / 2)
W /= W.sum()

HEAD = """
func.func @{name}(%x: tensor<?xf64>, %n: index, %m: f64, %s: f64) -> f64
    attributes {{vi.export, vi.model = "m", vi.differentiate = "{name}_gradient", vi.wrt = [2, 3]}} {{
  %zero = arith.constant 0.0 : f64
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {{
    %u = vi.draw "u" from %q : f64
    %sum = vi.plate "n" %i in %n (%x_i = %x : tensor<?xf64>)
        sums(%a = %zero : f64) {{
{body}
      %next = arith.addf %a, %f : f64
      vi.yield sums(%next : f64)
    }}
    vi.yield %sum : f64
  }} : f64
  return %e : f64
}}"""


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# name: the body of a member, its function, the certified error or nothing
CASES = {
    "certified": ("""
      %h = arith.mulf %x_i, %u : f64
      %g = special.softplus %h : f64
      %f = arith.mulf %x_i, %g : f64""",
                  lambda x, u: x * softplus(x * u),
                  lambda x, s: abs(x) * (1.39e-12 + 7e-14 * (2 + abs(x) * s))),
    "sigmoid": ("""
      %h = arith.addf %x_i, %u : f64
      %g = special.sigmoid %h : f64
      %two = arith.constant 2.0 : f64
      %f = arith.divf %g, %two : f64""",
                lambda x, u: 0.25 * (1 + np.tanh((x + u) / 2)),
                lambda x, s: 0.5 * (8.87e-12 + 7e-14)),
    "arctangent": ("""
      %h = arith.addf %x_i, %u : f64
      %g = math.atan %h : f64
      %f = arith.mulf %x_i, %g : f64""",
                   lambda x, u: x * np.arctan(x + u), None),
    "student": ("""
      %h = arith.addf %x_i, %u : f64
      %f = special.log1p_square %h : f64""",
               lambda x, u: np.log1p((x + u) ** 2), None),
}
library = native.load(
    "".join(HEAD.format(name=name, body=body)
            for name, (body, *_) in CASES.items()),
    ("--vi-simplify-expectations=error-bounds=true", "--canonicalize", "--cse",
     "--vi-bound-errors", "--canonicalize", "--cse",
     "--vi-lower-distributions", "--vi-differentiate"), ("--vi-to-llvm",))
failures = 0
x = np.array([-1.7, -0.4, 0.3, 2.1, 0.9])
for name, (_, function, certified) in CASES.items():
    for mean, sd in ((0.3, 0.2), (-1.0, 1.5), (0.5, 4.0), (0.1, 12.0)):
        def call(suffix, data, *more):
            callee = getattr(library, name + suffix)
            callee.restype = ctypes.c_double
            return callee(
                data.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
                ctypes.c_int64(data.size), ctypes.c_int64(data.size),
                ctypes.c_double(mean), ctypes.c_double(sd), *more)
        estimated = ctypes.c_double()
        value = call("", x)
        bound = call("_error", x, ctypes.byref(estimated))
        if certified:
            failures += estimated.value != 0
        else:
            failures += bound != 0
            bound = estimated.value
        truth = sum((W * function(np.longdouble(v), mean + sd * Z)).sum()
                    for v in x)
        error = float(abs(value - truth))
        if certified:
            expected = sum(certified(v, sd) for v in x)
            good = (abs(bound - expected) <= 1e-12 * expected
                    and error <= bound + 1e-14)
        else:
            single = 0
            for v in x:
                one = np.array([v])
                single += abs(call("", one) - float(
                    (W * function(np.longdouble(v), mean + sd * Z)).sum()))
            good = 0.9 * error - 1e-13 <= bound <= 3 * single + 1e-13
        failures += not good
        print(f"{'ok   ' if good else 'FAIL '} {name} at ({mean}, {sd}): error "
              f"{error:.2e}, bound {bound:.2e}")
sys.exit(failures > 0)
