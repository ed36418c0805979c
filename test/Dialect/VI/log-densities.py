# The log-density of every family against its formula in 50 digits, over the
# support, at its edges, outside it and far in the tails: an error of at most
# 1e-12 of the largest term of the formula.
#
# REQUIRES: mpmath, numpy
# RUN: %python %s
import ctypes
import itertools
import sys

import mpmath
import numpy as np
from mpmath import mp, mpf

import native

mp.dps = 50
INF = mpf("inf")
TINY = 5e-324
HUGE = 1e300


def log(x):
    return mpmath.log(x) if x > 0 else -INF


def log1minus(x):
    return mpmath.log1p(-x) if x < 1 else -INF


def xlog1minus(x, y):
    return mpf(0) if x == 0 else x * log1minus(y)


def xlogy(x, y):
    return mpf(0) if x == 0 else x * log(y)


def lgamma(x):
    return mpmath.loggamma(x)


def log1p(x):
    return mpmath.log1p(x)


def softplus(x):
    return mpmath.log1p(mpmath.exp(x))


PI = mp.pi
HALF = mpf(1) / 2

# Each formula gives the terms of the log-density, or nothing outside of the
# support.


def normal(m, s, x):
    return [-HALF * ((x - m) / s) ** 2, -log(s), -HALF * log(2 * PI)]


def half_normal(s, x):
    return [] if x < 0 else [log(2)] + normal(mpf(0), s, x)


def log_normal(m, s, x):
    return [] if x <= 0 else [*normal(m, s, log(x)), -log(x)]


def cauchy(m, s, x):
    return [-log(PI * s), -log1p(((x - m) / s) ** 2)]


def half_cauchy(s, x):
    return [] if x < 0 else [log(2)] + cauchy(mpf(0), s, x)


def student_t(v, m, s, x):
    # The difference of the lgammas is one term: the implementation does not
    # take it as a difference.
    return [lgamma((v + 1) / 2) - lgamma(v / 2), -log(v * PI) / 2, -log(s),
            -(v + 1) / 2 * log1p(((x - m) / s) ** 2 / v)]


def exponential(r, x):
    return [] if x < 0 else [log(r), -r * x]


def gamma(a, b, x):
    if x < 0:
        return []
    return [a * log(b), -lgamma(a), xlogy(a - 1, x), -b * x]


def inverse_gamma(a, b, x):
    if x <= 0:
        return []
    return [a * log(b), -lgamma(a), -(a + 1) * log(x), -b / x]


def beta(a, b, x):
    if x < 0 or x > 1:
        return []
    return [xlogy(a - 1, x), xlog1minus(b - 1, x), lgamma(a + b), -lgamma(a),
            -lgamma(b)]


def uniform(l, u, x):
    return [-log(u - l)] if l <= x <= u else []


def laplace(m, s, x):
    return [-abs(x - m) / s, -log(2 * s)]


def logistic(m, s, x):
    u = (x - m) / s
    return [-abs(u), -2 * softplus(-abs(u)), -log(s)]


def bernoulli(p, x):
    return [log(p) if x else log1minus(p)]


def bernoulli_logits(l, x):
    return [-softplus(-l) if x else -softplus(l)]


def binomial(n, p, x):
    if x < 0 or x > n:
        return []
    return [mpmath.log(mpmath.binomial(n, x)), xlogy(x, p),
            xlog1minus(n - x, p)]


def binomial_logits(n, l, x):
    if x < 0 or x > n:
        return []
    return [mpmath.log(mpmath.binomial(n, x)), -x * softplus(-l),
            -(n - x) * softplus(l)]


def poisson(r, x):
    return [] if x < 0 else [xlogy(x, r), -r, -lgamma(x + 1)]


def poisson_log(l, x):
    return [] if x < 0 else [x * l, -mpmath.exp(l), -lgamma(x + 1)]


def negative_binomial(m, c, x):
    if x < 0:
        return []
    return [lgamma(x + c) - lgamma(c) - lgamma(x + 1),
            -c * log1p(m / c), -x * log1p(c / m)]


def negative_binomial_log(l, c, x):
    return negative_binomial(mpmath.exp(l), c, x)


LOCATIONS = [-3.7, 0.0, 0.25, 1e6]
SCALES = [1e-3, 0.7, 1.0, 42.0, 1e8]
REALS = [-1e150, -1e8, -710.0, -2.5, -1e-9, 0.0, TINY, 1e-300, 0.25, 1.0,
         3.3, 745.2, 1e15, 1e150]
POSITIVES = [-1.0, -TINY, 0.0, TINY, 1e-300, 1e-17, 0.25, 1.0, 3.3, 745.2,
             1e8, 1e150]
SHAPES = [1e-8, 0.01, 0.5, 1.0, 2.0, 17.3, 1e5, 1e12]
UNITS = [-0.1, 0.0, TINY, 1e-17, 0.25, 0.5, 1 - 2.0**-53, 1.0, 1.5]
COUNTS = [-5, -1, 0, 1, 2, 7, 100, 12345, 10**9]
LOGITS = [-800.0, -36.8, -1.2, 0.0, 1e-12, 0.7, 40.0, 800.0]
PROBS = [0.0, TINY, 1e-17, 0.3, 0.5, 1 - 2.0**-53, 1.0]
TRIALS = [0, 1, 10, 12345]

FAMILIES = [
    (normal, "ff f", [LOCATIONS, SCALES, REALS]),
    (half_normal, "f f", [SCALES, POSITIVES]),
    (log_normal, "ff f", [LOCATIONS[:3], SCALES, POSITIVES]),
    (cauchy, "ff f", [LOCATIONS, SCALES, REALS]),
    (half_cauchy, "f f", [SCALES, POSITIVES]),
    (student_t, "fff f", [[1e-3, 0.5, 1.0, 4.0, 30.0, 1e6, 1e12],
                          LOCATIONS[:3], SCALES, REALS]),
    (exponential, "f f", [SCALES, POSITIVES]),
    (gamma, "ff f", [SHAPES, SCALES, POSITIVES]),
    (inverse_gamma, "ff f", [SHAPES, SCALES, POSITIVES]),
    (beta, "ff f", [SHAPES, SHAPES, UNITS]),
    (uniform, "ff f", [[-2.0, 0.0, 0.25], [0.5, 1.0, 1e10],
                       [-2.5, -2.0, 0.0, 0.3, 0.5, 1.0, 7.0, 1e10, 1e11]]),
    (laplace, "ff f", [LOCATIONS, SCALES, REALS]),
    (logistic, "ff f", [LOCATIONS, SCALES, REALS]),
    (bernoulli, "f b", [PROBS, [0, 1]]),
    (bernoulli_logits, "f b", [LOGITS, [0, 1]]),
    (binomial, "if i", [TRIALS, PROBS, COUNTS]),
    (binomial_logits, "if i", [TRIALS, LOGITS, COUNTS]),
    (poisson, "f i", [[1e-12, 0.3, 1.0, 42.0, 1e6, 1e12], COUNTS]),
    (poisson_log, "f i", [[-50.0, -1.2, 0.0, 3.0, 25.0], COUNTS]),
    (negative_binomial, "ff i", [[1e-9, 0.4, 5.0, 1e6],
                                 [1e-3, 1.0, 2.5, 1e4, 1e12], COUNTS]),
    (negative_binomial_log, "ff i", [[-20.0, -1.0, 0.0, 13.0],
                                     [1e-3, 1.0, 2.5, 1e4, 1e12], COUNTS]),
]
TYPES = {"f": "f64", "i": "i64", "b": "i1"}
C_TYPES = {"f": ctypes.c_double, "i": ctypes.c_int64, "b": ctypes.c_bool}


def module():
    functions = []
    for formula, signature, _ in FAMILIES:
        parameters, value = signature.split()
        names = [f"%p{i}" for i in range(len(parameters))]
        types = [TYPES[p] for p in parameters]
        arguments = ", ".join(f"{n}: {t}" for n, t in zip(names, types))
        functions.append(f"""
func.func @{formula.__name__}({arguments}, %x: {TYPES[value]}) -> f64
    attributes {{vi.export}} {{
  %d = vi.{formula.__name__} {", ".join(names)} : {", ".join(types)}
  %l = vi.log_prob %d, %x : {TYPES[value]}, {TYPES[value]} -> f64
  return %l : f64
}}""")
    functions.append("""
func.func @categorical(%p: tensor<?xf64>, %x: i64) -> f64
    attributes {vi.export} {
  %d = vi.categorical %p : tensor<?xf64>
  %l = vi.log_prob %d, %x : i64, i64 -> f64
  return %l : f64
}
func.func @categorical_logits(%p: tensor<?xf64>, %x: i64) -> f64
    attributes {vi.export} {
  %d = vi.categorical_logits %p : tensor<?xf64>
  %l = vi.log_prob %d, %x : i64, i64 -> f64
  return %l : f64
}
func.func @dirichlet(%a: tensor<?xf64>, %x: tensor<?xf64>) -> f64
    attributes {vi.export} {
  %d = vi.dirichlet %a : tensor<?xf64>
  %l = vi.log_prob %d, %x : tensor<?xf64>, tensor<?xf64> -> f64
  return %l : f64
}
func.func @multivariate_normal(%m: tensor<?xf64>, %s: tensor<?x?xf64>,
                               %x: tensor<?xf64>) -> f64
    attributes {vi.export} {
  %d = vi.multivariate_normal %m, %s : tensor<?xf64>, tensor<?x?xf64>
  %l = vi.log_prob %d, %x : tensor<?xf64>, tensor<?xf64> -> f64
  return %l : f64
}""")
    return "\n".join(functions)


failures = 0


def check(name, point, got, terms):
    """Compares with the sum of `terms`; -inf where there are none."""
    global failures
    total = sum(terms, mpf(0)) if terms else -INF
    largest = max((abs(t) for t in terms), default=mpf(0))
    if abs(total) == INF or abs(total) > mpf(1.7976931348623157e308):
        good = got == float(total)
    else:
        good = abs(mpf(got) - total) <= mpf("1e-12") * largest + mpf(TINY)
    if not good:
        failures += 1
        if failures < 60:
            print(f"{name}{point}: {got!r}, not {mpmath.nstr(total, 20)}"
                  f" (largest term {mpmath.nstr(largest, 5)})")


def array(values):
    values = np.ascontiguousarray(values, dtype=np.float64)
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    return [pointer, *map(ctypes.c_int64, values.shape)], values


def check_vectors(library):
    for name in ("categorical", "categorical_logits", "dirichlet",
                 "multivariate_normal"):
        getattr(library, name).restype = ctypes.c_double
    for probs in ([0.2, 0.3, 0.5], [1.0], [0.0, 1.0], [1e-300, 1.0]):
        for x in range(-2, len(probs) + 2):
            inside = 0 <= x < len(probs)
            arguments, keep = array(probs)
            got = library.categorical(*arguments, ctypes.c_int64(x))
            check("categorical", (probs, x), got,
                  [log(mpf(probs[x]))] if inside else [])
    for logits in ([0.2, -3.0, 5.0], [1000.0, 0.0], [-1e5, -1e5, -2e5], [7.0]):
        for x in range(-2, len(logits) + 2):
            inside = 0 <= x < len(logits)
            arguments, keep = array(logits)
            got = library.categorical_logits(*arguments, ctypes.c_int64(x))
            total = mpmath.log(sum(mpmath.exp(mpf(l)) for l in logits))
            check("categorical_logits", (logits, x), got,
                  [mpf(logits[x]), -total] if inside else [])
    for a in ([1.0, 1.0, 1.0], [0.5, 2.0, 3.0], [1e-3, 1e3, 1.0],
              [1.0, 0.5, 2.0]):
        for x in ([0.25, 0.5, 0.25], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0],
                  [1e-300, 0.5, 0.5], [-0.25, 0.75, 0.5], [0.3, 0.3, 0.3]):
            left, keep = array(a)
            right, keep_too = array(x)
            got = library.dirichlet(*left, *right)
            inside = min(x) >= 0 and abs(sum(x) - 1) < 1e-9
            terms = [lgamma(sum(map(mpf, a))), *(-lgamma(mpf(v)) for v in a),
                     *(xlogy(mpf(v) - 1, mpf(w)) for v, w in zip(a, x))]
            if inside and INF in terms and -INF in terms:
                continue  # no limit
            check("dirichlet", (a, x), got, terms if inside else [])
    random = np.random.default_rng(1)
    for size in (1, 2, 5, 12):
        m = random.normal(size=size)
        factor = random.normal(size=(size, size))
        factor[np.diag_indices(size)] = np.exp(factor[np.diag_indices(size)])
        x = random.normal(size=size) * 10
        one, k1 = array(m)
        two, k2 = array(factor)
        three, k3 = array(x)
        got = library.multivariate_normal(*one, *two, *three)
        # Forward substitution, of the lower triangle alone.
        u = []
        for i in range(size):
            rest = mpf(x[i]) - mpf(m[i])
            rest -= sum(mpf(factor[i, j]) * u[j] for j in range(i))
            u.append(rest / mpf(factor[i, i]))
        check("multivariate_normal", size, got,
              [-HALF * sum(v * v for v in u),
               *(-log(mpf(factor[i, i])) for i in range(size)),
               -size * HALF * log(2 * PI)])


def main():
    library = native.load_measures(module())
    points = 0
    for formula, signature, grids in FAMILIES:
        callee = getattr(library, formula.__name__)
        callee.argtypes = [C_TYPES[c] for c in signature.replace(" ", "")]
        callee.restype = ctypes.c_double
        for point in itertools.product(*grids):
            if formula is uniform and point[0] >= point[1]:
                continue
            got = callee(*point)
            terms = formula(*map(mpf, point))
            if INF in terms and -INF in terms:
                continue  # no limit: beta at an end with a = 0 mass
            check(formula.__name__, point, got, terms)
            points += 1
    check_vectors(library)
    print(f"{points} points, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
