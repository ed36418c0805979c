# The compiled derivatives of log-densities in their parameters and their value,
# against numerical differentiation of the formulas in 50 digits. Of a value
# that is masked, whatever it is, nothing is seen.
#
# REQUIRES: mpmath, numpy
# RUN: %python %s %S/log-densities.py
import ctypes
import importlib.util
import itertools
import sys

import mpmath
from mpmath import mpf

import native

specification = importlib.util.spec_from_file_location("densities",
                                                       sys.argv[1])
densities = importlib.util.module_from_spec(specification)
specification.loader.exec_module(densities)

LOCATIONS, SCALES = [-0.7, 1.2], [0.6, 2.5]
REALS, POSITIVES = [-3.1, 0.4, 40.0], [1e-3, 0.4, 7.3]
SHAPES = [0.3, 1.0, 6.5]
COUNTS = [0, 1, 7]
GRIDS = {
    "normal": [LOCATIONS, SCALES, REALS],
    "half_normal": [SCALES, POSITIVES],
    "log_normal": [LOCATIONS, SCALES, POSITIVES],
    "cauchy": [LOCATIONS, SCALES, REALS + [1e120]],
    "half_cauchy": [SCALES, POSITIVES],
    "student_t": [[0.8, 5.0], LOCATIONS, SCALES, REALS],
    "exponential": [SCALES, POSITIVES],
    "gamma": [SHAPES, SCALES, POSITIVES],
    "inverse_gamma": [SHAPES, SCALES, POSITIVES],
    "beta": [SHAPES, SHAPES, [1e-3, 0.4, 0.97]],
    "uniform": [[-0.2], [1.3], [0.1, 0.9]],
    "laplace": [LOCATIONS, SCALES, REALS],
    "logistic": [LOCATIONS, SCALES, REALS],
    "bernoulli": [[0.2, 0.9], [0, 1]],
    "bernoulli_logits": [[-30.0, 0.0, 2.0], [0, 1]],
    "binomial": [[7], [0.2, 0.9], COUNTS],
    "binomial_logits": [[7], [-30.0, 0.0, 2.0], COUNTS],
    "poisson": [[0.4, 9.0], COUNTS],
    "poisson_log": [[-1.3, 0.0, 2.0], COUNTS],
    "negative_binomial": [[0.4, 9.0], SHAPES, COUNTS],
    "negative_binomial_log": [[-1.3, 2.0], SHAPES, COUNTS],
}


def main():
    text = []
    for formula, signature, _ in densities.FAMILIES:
        kinds, value = signature.split()
        name = formula.__name__
        types = [densities.TYPES[k] for k in kinds]
        names = [f"%p{i}" for i in range(len(kinds))]
        arguments = ", ".join(f"{n}: {t}" for n, t in zip(names, types))
        x = densities.TYPES[value]
        text.append(f"""
func.func @{name}({arguments}, %x: {x}) -> f64
    attributes {{vi.export, vi.differentiate = "{name}_gradient"}} {{
  %d = vi.{name} {", ".join(names)} : {", ".join(types)}
  %l = vi.log_prob %d, %x : {x}, {x} -> f64
  return %l : f64
}}""")
    text.append("""
func.func @masked(%m: f64, %s: f64, %x: f64, %seen: i1) -> f64
    attributes {vi.export, vi.differentiate = "masked_gradient"} {
  %d = vi.log_normal %m, %s : f64, f64
  %l = vi.log_prob %d, %x if %seen : f64, f64, i1 -> f64
  return %l : f64
}""")
    library = native.load("\n".join(text), ("--vi-lower-distributions",
                                            "--vi-differentiate"),
                          ("--vi-to-llvm",))
    failures = points = 0
    for formula, signature, _ in densities.FAMILIES:
        kinds = signature.replace(" ", "")
        name = formula.__name__
        callee = getattr(library, name + "_gradient")
        callee.restype = ctypes.c_double
        for point in itertools.product(*GRIDS[name]):
            wanted = [i for i, k in enumerate(kinds) if k == "f"]
            got = [ctypes.c_double() for _ in wanted]
            callee(*(densities.C_TYPES[k](p) for k, p in zip(kinds, point)),
                   *map(ctypes.byref, got))
            for i, derivative in zip(wanted, got):
                def along(t, i=i):
                    moved = [mpf(p) for p in point]
                    moved[i] = t
                    return sum(formula(*moved), mpf(0))
                truth = mpmath.diff(along, mpf(point[i]),
                                    h=mpf("1e-20") * abs(point[i] or 1))
                points += 1
                if abs(derivative.value - truth) <= 1e-11 * (1 + abs(truth)):
                    continue
                failures += 1
                print(f"{name}{point}, derivative in {i}: {derivative.value!r}"
                      f", not {mpmath.nstr(truth, 17)}")
    library.masked_gradient.restype = ctypes.c_double
    for x in (float("nan"), float("inf"), -1.0, 0.0):
        got = [ctypes.c_double() for _ in range(3)]
        value = library.masked_gradient(
            *map(ctypes.c_double, (0.3, 1.2, x)), ctypes.c_bool(False),
            *map(ctypes.byref, got))
        if [value, *(g.value for g in got)] != [0.0] * 4:
            failures += 1
            print(f"masked {x}: {value}, {[g.value for g in got]}")
    print(f"{points} derivatives, {failures} failures")
    return failures != 0


sys.exit(main())
