# What vi-lower-rng emits, compiled: distributions of the draws. Seeds are fixed,
# so that each check gives the same answer in every run; each was made at a
# significance of 1e-4 (Kolmogorov-Smirnov for continuous, chi-squared for
# discrete distributions), and means and variances lie within 4 standard errors.
#
# RUN: %python %s
# REQUIRES: scipy

import math

import numpy as np
import scipy.special
import scipy.stats

from native import function, load

SIGNIFICANCE = 1e-4
N = 40000

text = """
func.func @fold_in(%k: i64, %i: i64) -> i64 {
  %r = rng.fold_in %k, %i : i64
  return %r : i64
}
"""
for type in ("f64", "f32"):
    text += f"""
func.func @uniform_{type}(%k: i64, %i: i64) -> {type} {{
  %r = rng.uniform %k, %i : {type}
  return %r : {type}
}}
func.func @normal_{type}(%k: i64, %i: i64) -> {type} {{
  %r = rng.normal %k, %i : {type}
  return %r : {type}
}}
func.func @gamma_{type}(%k: i64, %i: i64, %a: {type}) -> {type} {{
  %r = rng.gamma %k, %i, %a : {type}
  return %r : {type}
}}
func.func @poisson_{type}(%k: i64, %i: i64, %a: {type}) -> i64 {{
  %r = rng.poisson %k, %i, %a : {type}
  return %r : i64
}}
func.func @binomial_{type}(%k: i64, %i: i64, %n: i64, %p: {type}) -> i64 {{
  %r = rng.binomial %k, %i, %n, %p : {type}
  return %r : i64
}}
"""
library = load(text)

fold_in = function(library, "fold_in", ["i64", "i64"], "i64")
functions = {}
for type in ("f64", "f32"):
    for name, parameters, result in (("uniform", [], type),
                                     ("normal", [], type),
                                     ("gamma", [type], type),
                                     ("poisson", [type], "i64"),
                                     ("binomial", ["i64", type], "i64")):
        functions[name, type] = function(library, f"{name}_{type}",
                                         ["i64", "i64"] + parameters, result)


def draws(name, *parameters, type="f64", key=1, count=N):
    callee = functions[name, type]
    return np.array([callee(key, i, *parameters) for i in range(count)])


failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print("FAILED:", what)


def check_moments(x, mean, variance, fourth, what):
    """`fourth` is the fourth central moment."""
    n = len(x)
    check(abs(x.mean() - mean) <= 4 * math.sqrt(variance / n),
          f"{what}: mean {x.mean()}, expected {mean}")
    spread = math.sqrt((fourth - variance ** 2) / n)
    check(abs(((x - mean) ** 2).mean() - variance) <= 4 * spread,
          f"{what}: variance {x.var()}, expected {variance}")


def check_continuous(x, distribution, what):
    p = scipy.stats.kstest(x, distribution.cdf).pvalue
    check(p > SIGNIFICANCE, f"{what}: Kolmogorov-Smirnov p = {p}")
    mean, variance, _, excess = map(float, distribution.stats("mvsk"))
    check_moments(x, mean, variance, (excess + 3) * variance ** 2, what)


def check_discrete(x, distribution, what):
    # Cells of at least 20 expected draws.
    edges = [-1]
    for k in np.unique(x):
        if len(x) * (distribution.cdf(k) - distribution.cdf(edges[-1])) >= 20:
            edges.append(int(k))
    if len(x) * distribution.sf(edges[-1]) < 20:
        edges.pop()
    cdf = np.concatenate([distribution.cdf(edges), [1.0]])
    observed = np.histogram(
        x, bins=np.array(edges + [np.iinfo(np.int64).max]) + 0.5)[0]
    p = scipy.stats.chisquare(observed, len(x) * np.diff(cdf)).pvalue
    check(not p <= SIGNIFICANCE, f"{what}: chi-squared p = {p}")
    mean, variance, _, excess = map(float, distribution.stats("mvsk"))
    check_moments(x.astype(float), mean, variance,
                  (excess + 3) * variance ** 2, what)


# Pure functions: the same number for the same pair, whatever went before.
for name, parameters in (("uniform", ()), ("gamma", (0.5,)),
                         ("poisson", (30.0,)), ("binomial", (100, 0.3))):
    first = draws(name, *parameters, count=10)
    check((first == draws(name, *parameters, count=10)).all(), f"{name}: pure")

for type in ("f64", "f32"):
    u = draws("uniform", type=type)
    check(((u > 0) & (u < 1)).all(), f"uniform {type}: open interval")
    check_continuous(u, scipy.stats.uniform(), f"uniform {type}")
    z = draws("normal", type=type)
    check_continuous(z, scipy.stats.norm(), f"normal {type}")
    check(np.allclose(z, scipy.special.ndtri(u), rtol=1e-6),
          f"normal {type}: the quantile of the uniform variable")
    order = np.argsort(u)
    check((np.diff(z[order]) >= 0).all(), f"normal {type}: monotone")

# The wider cell of an f32 number holds the f64 number.
wide, narrow = draws("uniform"), draws("uniform", type="f32")
check((np.floor(wide * 2 ** 23) == np.floor(narrow * 2.0 ** 23)).all(),
      "uniform: cells of f32 and f64")

# Neighbouring keys and indices, and keys that fold_in makes, are independent.
z = draws("normal")
for lag in (1, 2, 1024):
    correlation = (z[lag:] * z[:-lag]).mean()
    check(abs(correlation) <= 4 / math.sqrt(N), f"index lag {lag}")
for other in (0, 2, -1, 1 << 32, fold_in(1, 0), fold_in(1, 1)):
    correlation = (z * draws("normal", key=other)).mean()
    check(abs(correlation) <= 4 / math.sqrt(N), f"key 1 against {other}")
keys = {fold_in(1, i) for i in range(N)}
check(len(keys) == N, "fold_in: collision")
by_key = np.array([functions["uniform", "f64"](key, 0) for key in keys])
check_continuous(by_key, scipy.stats.uniform(), "one draw of each folded key")

# The boost (below 1), its seam, and the near-normal end.
for concentration in (0.05, 0.3, 0.999, 1.0, 1.5, 7.0, 300.0, 1e8):
    x = draws("gamma", concentration, key=7)
    distribution = scipy.stats.gamma(concentration)
    check_continuous(x, distribution, f"gamma({concentration})")
check_continuous(draws("gamma", 2.5, type="f32"), scipy.stats.gamma(2.5),
                 "gamma(2.5) f32")
# Draws of a tiny concentration underflow to 0 only below the least number.
x = draws("gamma", 1e-3, count=10000)
below = scipy.stats.gamma(1e-3).cdf(5e-324)
check(abs((x == 0).mean() - below) <= 4 * math.sqrt(below / 10000) and
      not np.isnan(x).any(), "gamma(0.001): share of zeros")

for rate in (0.0, 0.01, 1.0, 9.99, 10.0, 10.01, 45.5, 1000.0, 1e7):
    x = draws("poisson", rate, key=11)
    if rate == 0.0:
        check((x == 0).all(), "poisson(0)")
        continue
    check_discrete(x, scipy.stats.poisson(rate), f"poisson({rate})")
check_discrete(draws("poisson", 20.0, type="f32"), scipy.stats.poisson(20.0),
               "poisson(20) f32")
# Where probabilities are below the rounding of the rate's logarithm.
x = draws("poisson", 1e15, count=10000)
check(abs(scipy.stats.kstest((x - 1e15) / math.sqrt(1e15),
                             scipy.stats.norm().cdf).pvalue) > SIGNIFICANCE,
      "poisson(1e15)")

for trials, probability in ((1, 0.3), (7, 0.5), (15, 0.9), (40, 0.2),
                            (40, 0.25), (40, 0.26), (100, 0.5), (1000, 0.011),
                            (1000, 0.97), (10 ** 6, 1e-6), (10 ** 6, 0.4)):
    x = draws("binomial", trials, probability, key=13)
    check(((x >= 0) & (x <= trials)).all(), "binomial: range")
    check_discrete(x, scipy.stats.binom(trials, probability),
                   f"binomial({trials}, {probability})")
check((draws("binomial", 0, 0.5, count=100) == 0).all(), "no trials")
check((draws("binomial", 50, 0.0, count=100) == 0).all(), "probability 0")
check((draws("binomial", 50, 1.0, count=100) == 50).all(), "probability 1")

# Outside the domain.
nan = math.nan
for concentration in (0.0, -1.0, nan, -math.inf):
    check(math.isnan(functions["gamma", "f64"](1, 2, concentration)),
          f"gamma({concentration})")
check(functions["gamma", "f64"](1, 2, math.inf) == math.inf, "gamma(inf)")
for rate in (-1.0, nan, math.inf, 1e19):
    check(functions["poisson", "f64"](1, 2, rate) == -1, f"poisson({rate})")
for trials, probability in ((-1, 0.5), (5, -0.1), (5, 1.1), (5, nan)):
    check(functions["binomial", "f64"](1, 2, trials, probability) == -1,
          f"binomial({trials}, {probability})")

assert not failures, f"{len(failures)} checks failed"
