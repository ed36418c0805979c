# Expectations of functions of several latents that vi-simplify-expectations takes
# by quadrature over one of them, given which the rest has a closed form, is
# certified, or is taken by quadrature, too: their values and compiled derivatives
# against a product of trapezoidal rules of step 1/16 in long double, and the
# error that vi-bound-errors says against theirs.
#
# The rule has 32 nodes in each variable, and these are functions with
# singularities at a distance of several standard deviations: the tolerance is
# 1e-9 of the largest of 1 and E|f|, ten times that for derivatives in the
# direction of (x - mean) / sd, in units of which they are.
#
# REQUIRES: numpy, scipy
# RUN: %python %s
import ctypes
import subprocess
import sys

import numpy as np
from scipy import special

import native


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log_ndtr(x):
    return special.log_ndtr(x.astype(float)).astype(np.longdouble)


# name: (the body, the function, what the remark says)
CASES = {
    # A discrimination, an ability and a difficulty.
    "item": ("""
  %a = vi.constrain positive %u : f64 -> f64
  %d = arith.subf %w, %t : f64
  %eta = arith.mulf %a, %d : f64
  %s = special.softplus %eta : f64
  %p = arith.mulf %c, %eta : f64
  %f = arith.subf %p, %s : f64""",
             lambda c, u, w, t: c * np.exp(u) * (w - t)
             - softplus(np.exp(u) * (w - t)), "certified"),
    # A residual over a scale, whose density has heavy tails.
    "student": ("""
  %a = math.exp %u : f64
  %sum = arith.addf %w, %t : f64
  %d = arith.subf %c, %sum : f64
  %r = arith.divf %d, %a : f64
  %l = special.log1p_square %r : f64
  %g = arith.addf %l, %u : f64
  %f = arith.negf %g : f64""",
                lambda c, u, w, t: -np.log1p(((c - w - t) * np.exp(-u)) ** 2)
                - u, "two-dimensional"),
    "product": ("""
  %p = arith.mulf %u, %w : f64
  %f0 = math.sin %p : f64
  %f1 = arith.mulf %t, %c : f64
  %f = arith.addf %f0, %f1 : f64""",
                 lambda c, u, w, t: np.sin(u * w) + c * t, "two-dimensional"),
    "probit": ("""
  %a = math.exp %u : f64
  %d = arith.subf %w, %c : f64
  %r = arith.mulf %d, %a : f64
  %l = special.normal_log_cdf %r : f64
  %f = arith.mulf %l, %t : f64""",
               lambda c, u, w, t: t * log_ndtr((w - c) * np.exp(u)),
               "two-dimensional"),
}
POINTS = [((-0.3, 0.15), (0.4, 0.15), (0.2, 0.1)),
          ((0.1, 0.1), (-0.5, 0.1), (0.6, 0.2)),
          ((0.2, 0.3), (0.1, 0.2), (-0.2, 0.02))]
C = [-0.7, 1.2]

text = "".join(f"""
func.func @{name}(%mu: f64, %su: f64, %mw: f64, %sw: f64, %mt: f64, %st: f64,
                  %c: f64) -> f64
    attributes {{vi.export, vi.model = "m", vi.differentiate = "{name}_gradient",
                vi.wrt = [0, 1, 2, 3, 4, 5]}} {{
  %qu = vi.normal %mu, %su : f64, f64
  %qw = vi.normal %mw, %sw : f64, f64
  %qt = vi.normal %mt, %st : f64, f64
  %result = vi.expect {{
  %u = vi.draw "u" from %qu : f64
  %w = vi.draw "w" from %qw : f64
  %t = vi.draw "t" from %qt : f64
  {body}
  vi.yield %f : f64
  }} : f64
  return %result : f64
}}""" for name, (body, *_) in CASES.items())
simplify = "--vi-simplify-expectations=error-bounds=true"
remarks = subprocess.run(
    ["vi-opt", simplify, "--remarks-filter=vi-expectations",
     "--remark-policy=all", "-o", "/dev/null"], input=text,
    capture_output=True, text=True, check=True).stderr
library = native.load(text, (simplify, "--canonicalize", "--cse",
                             "--vi-bound-errors", "--canonicalize", "--cse",
                             "--vi-lower-distributions", "--vi-differentiate"),
                      ("--vi-to-llvm",))
STEP = np.longdouble(1) / 16
Z = np.arange(-9 * 16, 9 * 16 + 1).astype(np.longdouble) * STEP
W = np.exp(-Z * Z / 2)
W /= W.sum()
U = [Z[:, None, None], Z[None, :, None], Z[None, None, :]]
# The third latent enters by its first two moments or in a sum, to which a
# coarser rule does justice.
U[2], last = U[2][:, :, ::4], W[::4] / W[::4].sum()
weights = W[:, None, None] * W[None, :, None] * last[None, None, :]
failures = 0
for name, (_, function, how) in CASES.items():
    worst = 0
    if how not in remarks:
        failures += 1
        print(f"{name}: no remark says {how}")
    for points in POINTS:
        for c in C:
            numbers = [ctypes.c_double(x) for point in points for x in point]
            numbers.append(ctypes.c_double(c))
            outputs = [ctypes.c_double() for _ in range(6)]
            gradient = getattr(library, name + "_gradient")
            bound = getattr(library, name + "_error")
            gradient.restype = bound.restype = ctypes.c_double
            got = [gradient(*numbers, *map(ctypes.byref, outputs))]
            got += [o.value for o in outputs]
            values = function(c, *(m + s * z for (m, s), z in zip(points, U)))
            size = max(1, (weights * abs(values)).sum())
            want = [(weights * values).sum()]
            scales = [size]
            for (_, s), z in zip(points, U):
                want += [(weights * values * z).sum() / s,
                         (weights * values * (z * z - 1)).sum() / s]
                scales += [10 * size / s] * 2
            for g, w, scale in zip(got, want, scales):
                error = float(abs(g - w) / scale)
                worst = max(worst, error)
                if not error <= 1e-9:
                    failures += 1
                    print(f"{name} at {points}, c = {c}: {g} for {float(w)}")
            estimate = ctypes.c_double()
            error = float(abs(got[0] - want[0]))
            said = bound(*numbers, ctypes.byref(estimate)) + estimate.value
            if not 0.9 * error - 1e-13 * size <= said <= 1e-9 * size:
                failures += 1
                print(f"{name} at {points}: error {error:.1e}, said {said:.1e}")
    print(f"{name}: {worst:.1e}")
sys.exit(failures > 0)
