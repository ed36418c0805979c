# Expectations of functions of normal latents that vi-simplify-expectations takes
# by closed forms, by gaussian_softplus or by quadrature, with their compiled
# derivatives, against numeric integration with 40 times as many nodes.
#
# The reference is the trapezoidal rule of step 1/64 in long double, in each
# latent; derivatives are E[f(x) z] / s in the mean and E[f(x) (z^2 - 1)] / s in
# the standard deviation, with z = (x - m) / s: nothing of f is differentiated.
#
# The tolerance is 1e-10, of the largest of 1 and E|f|: what buildGaussianQuadrature
# states for functions with singularities at a distance of pi and standard
# deviations up to 3, and of 1 and standard deviations up to 1. Derivatives lose
# a factor of 2 pi / 0.27 in the bound at the far end, and are held to 1e-8 there.
#
# REQUIRES: numpy, scipy
# RUN: %python %s
import ctypes
import sys

import numpy as np
from scipy import special

import native

# name: (latents, body of the integrand, function, points of (mean, sd) of each
# latent, points of c)
POINTS = [(-2.0, 0.05), (0.0, 0.4), (0.7, 1.0), (1.5, 2.0), (-0.4, 3.0)]
NEAR = [(-2.0, 0.05), (0.0, 0.3), (0.7, 0.7), (-0.4, 1.0)]
C = [-1.3, 0.4, 1.0]


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def double(function):
    """SciPy's functions on double precision, where the integrand is smooth."""
    return lambda x: function(np.asarray(x, float)).astype(np.longdouble)


log_cdf, lgamma = double(special.log_ndtr), double(special.gammaln)

INTERVAL = """
  %low = arith.constant -1.0 : f64
  %high = arith.constant 2.0 : f64
  %z = vi.constrain interval %u bounds(%low, %high : f64, f64) : f64 -> f64"""

CASES = {
    "interval": (1, INTERVAL + """
  %a = arith.mulf %c, %z : f64
  %f = math.exp %a : f64""",
                 lambda c, u: np.exp(c * (3 * sigmoid(u) - 1)), NEAR, C),
    "interval_log": (1, """
  %low = arith.constant 0.5 : f64
  %high = arith.constant 1.0 : f64
  %z = vi.constrain interval %u bounds(%low, %high : f64, f64) : f64 -> f64
  %f = math.powf %z, %c : f64""",
                     lambda c, u: (0.5 + 0.5 * sigmoid(u)) ** c, POINTS, C),
    "probit": (1, """
  %half = arith.constant 0.5 : f64
  %a = arith.mulf %u, %c : f64
  %b = arith.addf %a, %half : f64
  %f = special.normal_log_cdf %b : f64""",
               lambda c, u: log_cdf(c * u + 0.5), POINTS[:4], C),
    "cdf": (1, """
  %a = arith.mulf %u, %c : f64
  %f = special.normal_cdf %a : f64""",
            lambda c, u: double(special.ndtr)(c * u), POINTS, C),
    "student": (1, """
  %half = arith.constant 0.5 : f64
  %a = arith.mulf %u, %half : f64
  %b = arith.subf %a, %c : f64
  %f = special.log1p_square %b : f64""",
                lambda c, u: np.log1p((u / 2 - c) ** 2), NEAR, C),
    "gamma_function": (1, """
  %three = arith.constant 3.0 : f64
  %a = math.exp %u : f64
  %b = arith.addf %three, %a : f64
  %f = special.lgamma %b : f64""",
                       lambda c, u: lgamma(3 + np.exp(u)), NEAR, C[:1]),
    "product": (1, """
  %a = special.sigmoid %u : f64
  %square = arith.mulf %u, %u : f64
  %f = arith.mulf %square, %a : f64""",
                lambda c, u: u * u * sigmoid(u), POINTS, C[:1]),
    "tilted": (1, """
  %a = arith.mulf %c, %u : f64
  %e = math.exp %a : f64
  %t = math.tanh %u : f64
  %f = arith.mulf %e, %t : f64""",
               lambda c, u: np.exp(c * u) * np.tanh(u), NEAR, C),
    "tilted_power": (1, """
  %a = arith.mulf %c, %u : f64
  %e = math.exp %a : f64
  %cube = arith.mulf %u, %u : f64
  %g = arith.mulf %e, %cube : f64
  %f = arith.mulf %u, %g : f64""",
                     lambda c, u: np.exp(c * u) * u ** 3, NEAR, C),
    "reciprocal": (1, """
  %one = arith.constant 1.0 : f64
  %a = math.exp %u : f64
  %b = arith.addf %one, %a : f64
  %f = arith.divf %c, %b : f64""",
                   lambda c, u: c * sigmoid(-u), POINTS, C[:1]),
    "root": (1, """
  %one = arith.constant 1.0 : f64
  %a = math.exp %u : f64
  %b = arith.addf %one, %a : f64
  %f = math.sqrt %b : f64""",
             lambda c, u: np.sqrt(1 + np.exp(u)), NEAR, C[:1]),
    "complement": (1, """
  %one = arith.constant 1.0 : f64
  %z = vi.constrain unit_interval %u : f64 -> f64
  %rest = arith.subf %one, %z : f64
  %a = math.log %rest : f64
  %b = math.log %z : f64
  %d = arith.mulf %c, %b : f64
  %f = arith.addf %a, %d : f64""",
                   lambda c, u: -softplus(u) - c * softplus(-u), POINTS, C),
    "predictor": (2, """
  %a = arith.mulf %w, %c : f64
  %b = arith.addf %u, %a : f64
  %f = special.normal_log_cdf %b : f64""",
                  lambda c, u, w: log_cdf(u + c * w), NEAR, C),
    "shifted": (2, """
  %e = math.exp %u : f64
  %a = arith.mulf %w, %c : f64
  %b = arith.addf %u, %a : f64
  %s = special.softplus %b : f64
  %f = arith.mulf %e, %s : f64""",
                lambda c, u, w: np.exp(u) * softplus(u + c * w), NEAR, C),
    "shifted_square": (2, """
  %n = arith.negf %u : f64
  %e = math.exp %n : f64
  %a = arith.mulf %w, %u : f64
  %b = arith.subf %c, %w : f64
  %d = arith.subf %b, %u : f64
  %q = arith.mulf %d, %d : f64
  %f = arith.mulf %e, %q : f64""",
                       lambda c, u, w: np.exp(-u) * (c - w - u) ** 2, NEAR, C),
    "joint_exponent": (2, INTERVAL + """
  %tw = math.tanh %w : f64
  %a = arith.addf %z, %tw : f64
  %b = arith.mulf %c, %a : f64
  %f = math.exp %b : f64""",
                       lambda c, u, w: np.exp(c * (3 * sigmoid(u) - 1 +
                                                   np.tanh(w))), NEAR, C),
    "ordered": (2, """
  %one = arith.constant 1.0 : f64
  %eta = arith.addf %u, %w : f64
  %b = arith.addf %eta, %one : f64
  %upper = special.sigmoid %b : f64
  %lower = special.sigmoid %eta : f64
  %p = arith.subf %upper, %lower : f64
  %f = math.log %p : f64""",
                lambda c, u, w: np.log(sigmoid(u + w + 1) - sigmoid(u + w)),
                NEAR[:3], C[:1]),
}


def module():
    text = []
    for name, (latents, body, *_) in CASES.items():
        second = latents == 2
        text.append(f"""
func.func @{name}(%mu: f64, %su: f64{", %mw: f64, %sw: f64" if second else ""},
                  %c: f64) -> f64
    attributes {{vi.export, vi.differentiate = "{name}_gradient"}} {{
  %qu = vi.normal %mu, %su : f64, f64
  {"%qw = vi.normal %mw, %sw : f64, f64" if second else ""}
  %result = vi.expect {{
  %u = vi.draw "u" from %qu : f64
  {'%w = vi.draw "w" from %qw : f64' if second else ""}
  {body}
  vi.yield %f : f64
  }} : f64
  return %result : f64
}}""")
    return "\n".join(text)


STEP = np.longdouble(1) / 64
Z = np.arange(-12 * 64, 12 * 64 + 1).astype(np.longdouble) * STEP
W = np.exp(-Z * Z / 2)
W /= W.sum()


def truth(function, c, points):
    """E[f], its derivatives in each mean and sd, and E|f|."""
    if len(points) == 1:
        values = function(c, points[0][0] + points[0][1] * Z)
        weight, zs = W, [Z]
    else:
        z, weights = Z[::4], W[::4] / W[::4].sum()
        u = (points[0][0] + points[0][1] * z)[:, None]
        w = (points[1][0] + points[1][1] * z)[None, :]
        values = function(c, u, w)
        weight = weights[:, None] * weights[None, :]
        zs = [z[:, None], z[None, :]]
    result = [(weight * values).sum()]
    for z, (_, s) in zip(zs, points):
        result.append((weight * values * z).sum() / s)
        result.append((weight * values * (z * z - 1)).sum() / s)
    return result, (weight * abs(values)).sum()


library = native.load(module(), ("--vi-simplify-expectations",
                                 "--vi-lower-distributions",
                                 "--vi-differentiate"), ("--vi-to-llvm",))
worst, failures, checked = {}, 0, 0
for name, (latents, _, function, grid, numbers) in CASES.items():
    gradient = getattr(library, name + "_gradient")
    gradient.restype = ctypes.c_double
    count = 2 * latents + 1
    grids = [[p] for p in grid] if latents == 1 else \
        [[p, q] for p in grid for q in grid[1:]]
    for points in grids:
        for c in numbers:
            outputs = [ctypes.c_double() for _ in range(count)]
            arguments = [x for point in points for x in point] + [c]
            value = gradient(*map(ctypes.c_double, arguments),
                             *map(ctypes.byref, outputs))
            got = [value] + [o.value for o in outputs[:2 * latents]]
            want, size = truth(function, c, points)
            # A derivative in the direction of z is of the size of f / s.
            scales = [max(1, size)] + [max(1, size) / s for _, s in points
                                       for _ in range(2)]
            far = any(s > 2 for _, s in points)
            for i, (g, w, scale) in enumerate(zip(got, want, scales)):
                error = float(abs(g - w) / scale)
                worst[name] = max(worst.get(name, 0), error)
                checked += 1
                if not error <= (1e-8 if far and i else 1e-10):
                    failures += 1
                    print(f"{name} at {points}, c = {c}: {got} for "
                          f"{[float(x) for x in want]}")
print({k: f"{v:.1e}" for k, v in worst.items()})
print(f"{checked} numbers, {failures} failures")
sys.exit(failures > 0)
