# Expectations under multivariate normal guides that vi-simplify-expectations takes
# in closed form, by gaussian_softplus or by quadrature, with their compiled
# derivatives in mean and factor, against numeric integration over all latents.
#
# The reference is the trapezoidal rule in z = L^-1 (x - m); derivatives are those
# of the density, E[f s] with the score s = L'^-1 z in the mean and the lower
# triangle of L'^-1 (z z' - I) in the factor: nothing of f is differentiated. The
# tolerance is 1e-10, of the largest of 1 and E|f|, times the size of the score.
#
# REQUIRES: numpy, scipy
# RUN: %python %s
import ctypes
import sys

import numpy as np
from scipy import special

import native


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


ELEMENTS = """
  %u = tensor.extract %x[%c0] : tensor<?xf64>
  %v = tensor.extract %x[%c1] : tensor<?xf64>
  %w = tensor.extract %x[%c2] : tensor<?xf64>"""
CASES = {
    # E[(c - u - v w e^u)^2]-like products of powers and exponentials.
    "powers": (ELEMENTS + """
  %e = math.exp %u : f64
  %vw = arith.mulf %v, %w : f64
  %vwe = arith.mulf %vw, %e : f64
  %d = arith.subf %c, %v : f64
  %r = arith.subf %d, %vwe : f64
  %f = arith.mulf %r, %r : f64""",
               lambda c, u, v, w: (c - v - v * w * np.exp(u)) ** 2),
    "quadratic": (ELEMENTS + """
  %a = arith.subf %u, %c : f64
  %b = arith.subf %v, %w : f64
  %f = arith.mulf %a, %b : f64""",
                  lambda c, u, v, w: (u - c) * (v - w)),
    # A normal likelihood with a log-normal scale.
    "normal": (ELEMENTS + """
  %vc = arith.mulf %v, %c : f64
  %mean = arith.addf %vc, %w : f64
  %sigma = vi.constrain positive %u : f64 -> f64
  %p = vi.normal %mean, %sigma : f64, f64
  %f = vi.log_prob %p, %one : f64, f64 -> f64""",
               lambda c, u, v, w: (-0.5 * ((1 - c * v - w) * np.exp(-u)) ** 2 -
                                   u - 0.5 * np.log(2 * np.pi))),
    # A logistic likelihood with weights of a slice.
    "logistic": ("""
  %u = tensor.extract %x[%c0] : tensor<?xf64>
  %beta = tensor.extract_slice %x[1] [2] [1] : tensor<?xf64> to tensor<2xf64>
  %row = tensor.from_elements %c, %one : tensor<2xf64>
  %dot = linalg.dot ins(%row, %beta : tensor<2xf64>, tensor<2xf64>)
                    outs(%zeros : tensor<f64>) -> tensor<f64>
  %d = tensor.extract %dot[] : tensor<f64>
  %eta = arith.addf %u, %d : f64
  %f = special.softplus %eta : f64""",
                 lambda c, u, v, w: softplus(u + c * v + w)),
    # The exponential of one moves the predictor of all.
    "shifted": (ELEMENTS + """
  %e = math.exp %u : f64
  %vc = arith.mulf %v, %c : f64
  %eta = arith.subf %vc, %w : f64
  %g = special.normal_log_cdf %eta : f64
  %f = arith.mulf %e, %g : f64""",
                lambda c, u, v, w: np.exp(u) *
                special.log_ndtr((c * v - w).astype(float))),
    "joint_exponent": (ELEMENTS + """
  %vc = arith.mulf %v, %c : f64
  %s = arith.addf %u, %vc : f64
  %t = arith.subf %s, %w : f64
  %f = math.exp %t : f64""",
                       lambda c, u, v, w: np.exp(u + c * v - w)),
}
text = []
for name, (body, _) in CASES.items():
    text.append(f"""
func.func @{name}(%m: tensor<?xf64>, %l: tensor<?x?xf64>, %c: f64) -> f64
    attributes {{vi.export, vi.differentiate = "{name}_gradient", vi.wrt = [0, 1]}} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %one = arith.constant 1.0 : f64
  %zeros = arith.constant dense<0.0> : tensor<f64>
  %q = vi.multivariate_normal %m, %l : tensor<?xf64>, tensor<?x?xf64>
  %result = vi.expect {{
  %x = vi.draw "x" from %q : tensor<?xf64>
  {body}
  vi.yield %f : f64
  }} : f64
  return %result : f64
}}""")
library = native.load("\n".join(text), ("--vi-simplify-expectations",
                                        "--vi-lower-distributions",
                                        "--vi-differentiate"), ("--vi-to-llvm",))
nodes = np.arange(-9, 9.01, 0.225)
weights = np.exp(-nodes ** 2 / 2)
weights /= weights.sum()
Z = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"))
W = weights[:, None, None] * weights[None, :, None] * weights
POINTS = [
    (np.array([0.2, -0.5, 0.7]),
     np.array([[0.6, 0, 0], [0.3, 0.5, 0], [-0.4, 0.2, 0.7]])),
    (np.array([-0.3, 1.1, 0.1]),
     np.array([[0.1, 0, 0], [0.05, 0.8, 0], [0.3, -0.6, 0.2]])),
]
failures = checked = 0
for name, (_, function) in CASES.items():
    gradient = getattr(library, name + "_gradient")
    gradient.restype = ctypes.c_double
    worst = 0
    for mean, factor in POINTS:
        for c in (-0.8, 0.5):
            x = mean[:, None, None, None] + np.einsum("ij,jabc->iabc", factor,
                                                      Z)
            values = function(c, *x)
            size = max(1, (W * abs(values)).sum())
            inverse = np.linalg.inv(factor).T
            score = np.einsum("ij,jabc->iabc", inverse, Z)
            want = [(W * values).sum(), (W * values * score).sum((1, 2, 3)),
                    np.tril(np.einsum("abc,iabc,jabc->ij", W * values, score, Z)
                            - inverse * (W * values).sum())]
            pointer = ctypes.POINTER(ctypes.c_double)
            as_pointer = [np.ascontiguousarray(a) for a in (mean, factor)]
            outputs = [np.zeros(3), np.zeros((3, 3))]
            value = gradient(
                as_pointer[0].ctypes.data_as(pointer), ctypes.c_int64(3),
                as_pointer[1].ctypes.data_as(pointer), ctypes.c_int64(3),
                ctypes.c_int64(3), ctypes.c_double(c),
                *[o.ctypes.data_as(pointer) for o in outputs])
            scale = size * max(1, abs(inverse).max() ** 2)
            for got, truth in zip([value, *outputs], want):
                error = np.max(abs(got - truth)) / scale
                worst = max(worst, error)
                checked += 1
                if not error <= 1e-10:
                    failures += 1
                    print(f"{name}: {got} for {truth}")
    print(f"{name}: {worst:.1e}")
print(f"{checked} numbers, {failures} failures")
sys.exit(failures > 0)
