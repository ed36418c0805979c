# Draws of every family: the share of them below a quantile is the quantile's
# probability, within 4.5 standard errors at a fixed seed. Divergences: their
# Monte Carlo estimate from the same draws agrees with the closed form within
# 4.5 standard errors, and its error falls as 1 / sqrt(draws).
#
# The number of draws is the first argument.
#
# REQUIRES: numpy, scipy
# RUN: %python %s 100000
import ctypes
import itertools
import math
import sys

import numpy as np
from scipy import special, stats

import divergences
import native

QUANTILES = [1e-4, 0.01, 0.1, 0.3, 0.5, 0.8, 0.99, 0.9999]
FAMILIES = [
    ("normal", (0.4, 1.3), stats.norm(0.4, 1.3)),
    ("half_normal", (1.3,), stats.halfnorm(scale=1.3)),
    ("log_normal", (0.4, 0.5), stats.lognorm(0.5, scale=math.exp(0.4))),
    ("cauchy", (0.4, 1.3), stats.cauchy(0.4, 1.3)),
    ("half_cauchy", (1.3,), stats.halfcauchy(scale=1.3)),
    ("student_t", (3.0, 0.4, 1.3), stats.t(3.0, 0.4, 1.3)),
    ("exponential", (1.3,), stats.expon(scale=1 / 1.3)),
    ("gamma", (0.05, 1.3), stats.gamma(0.05, scale=1 / 1.3)),
    ("gamma", (0.7, 1.3), stats.gamma(0.7, scale=1 / 1.3)),
    ("gamma", (17.0, 1.3), stats.gamma(17.0, scale=1 / 1.3)),
    ("inverse_gamma", (2.5, 1.3), stats.invgamma(2.5, scale=1.3)),
    ("inverse_gamma", (0.2, 1.3), stats.invgamma(0.2, scale=1.3)),
    ("beta", (0.01, 0.02), stats.beta(0.01, 0.02)),
    ("beta", (3.0, 1.3), stats.beta(3.0, 1.3)),
    ("uniform", (-1.0, 2.5), stats.uniform(-1.0, 3.5)),
    ("laplace", (0.4, 1.3), stats.laplace(0.4, 1.3)),
    ("logistic", (0.4, 1.3), stats.logistic(0.4, 1.3)),
    ("bernoulli", (0.3,), stats.bernoulli(0.3)),
    ("bernoulli_logits", (0.9,), stats.bernoulli(special.expit(0.9))),
    ("binomial", (10, 0.3), stats.binom(10, 0.3)),
    ("binomial", (400, 0.6), stats.binom(400, 0.6)),
    ("binomial_logits", (10, 0.3), stats.binom(10, special.expit(0.3))),
    ("poisson", (2.3,), stats.poisson(2.3)),
    ("poisson", (123.0,), stats.poisson(123.0)),
    ("poisson_log", (0.7,), stats.poisson(math.exp(0.7))),
    ("negative_binomial", (2.3, 1.7), stats.nbinom(1.7, 1.7 / 4.0)),
    ("negative_binomial_log", (0.7, 1.7),
     stats.nbinom(1.7, 1.7 / (1.7 + math.exp(0.7)))),
]
VALUES = {"bernoulli": "i1", "bernoulli_logits": "i1", "binomial": "i64",
          "binomial_logits": "i64", "poisson": "i64", "poisson_log": "i64",
          "negative_binomial": "i64", "negative_binomial_log": "i64"}
# Each pair that has a closed form, at the first points of its families where the
# support of the one is inside that of the other.
PAIRS = []
for q, p in divergences.PAIRS:
    q_family, q_points, _ = divergences.FAMILIES[q]
    p_family, p_points, _ = divergences.FAMILIES[p]
    # A parameter that both have to have in common.
    shared = divergences.SHARED.get(q)
    if shared != divergences.SHARED.get(p):
        shared = None
    for a, b in itertools.product(q_points, p_points):
        if shared is not None:
            b = (*b[:shared], a[shared], *b[shared + 1:])
        if (q, a) != (p, b) and divergences.inside(q_family(*a), p_family(*b)):
            PAIRS.append((q, a, p, b, shared))
            break


def signature(name, points, prefix):
    types = ["i64" if isinstance(p, int) else "f64" for p in points]
    names = [f"%{prefix}{i}" for i in range(len(points))]
    return names, types


def draw_function(index, name, points):
    names, types = signature(name, points, "p")
    value = VALUES.get(name, "f64")
    arguments = ", ".join(f"{n}: {t}" for n, t in zip(names, types))
    limits = ", ".join(f"%t{i}: f64" for i in range(len(QUANTILES)))
    cast = {"f64": "", "i1": "%x = arith.uitofp %z : i1 to f64",
            "i64": "%x = arith.sitofp %z : i64 to f64"}[value]
    x = "%z" if value == "f64" else "%x"
    body = "\n".join(f"""    %c{i} = arith.cmpf ole, {x}, %t{i} : f64
    %i{i} = arith.uitofp %c{i} : i1 to f64""" for i in range(len(QUANTILES)))
    yields = ", ".join(f"%i{i}" for i in range(len(QUANTILES)))
    f64s = ", ".join(["f64"] * len(QUANTILES))
    return f"""
func.func @draw{index}({arguments}, {limits}, %n: index {{vi.samples}},
                       %seed: i64 {{vi.seed}}) -> ({f64s})
    attributes {{vi.export}} {{
  %q = vi.{name} {", ".join(names)} : {", ".join(types)}
  %e:{len(QUANTILES)} = vi.expect {{
    %z = vi.draw "z" from %q : {value}
    {cast}
{body}
    vi.yield {yields} : {f64s}
  }} : {f64s}
  return {", ".join(f"%e#{i}" for i in range(len(QUANTILES)))} : {f64s}
}}"""


def pair_function(index, q, q_points, p, p_points, shared):
    names, types = signature(q, q_points, "q")
    others, other_types = signature(p, p_points, "p")
    if shared is not None:
        others[shared] = names[shared]
    declared = dict(zip(names + others, types + other_types))
    arguments = ", ".join(f"{n}: {t}" for n, t in declared.items())
    value = VALUES.get(q, "f64")
    return f"""
func.func @pair{index}({arguments}, %n: index {{vi.samples}},
                       %seed: i64 {{vi.seed}}) -> (f64, f64, f64)
    attributes {{vi.export}} {{
  %q = vi.{q} {", ".join(names)} : {", ".join(types)}
  %p = vi.{p} {", ".join(others)} : {", ".join(other_types)}
  %kl = vi.kl %q, %p : {value}, {value} -> f64
  %e:2 = vi.expect {{
    %z = vi.draw "z" from %q : {value}
    %lq = vi.log_prob %q, %z : {value}, {value} -> f64
    %lp = vi.log_prob %p, %z : {value}, {value} -> f64
    %d = arith.subf %lq, %lp : f64
    %s = arith.mulf %d, %d : f64
    vi.yield %d, %s : f64, f64
  }} : f64, f64
  return %kl, %e#0, %e#1 : f64, f64, f64
}}"""


def call(callee, arguments, results):
    """One result is returned, the others come through pointers."""
    converted = [ctypes.c_int64(a) if isinstance(a, int) else
                 ctypes.c_double(a) for a in arguments]
    rest = [ctypes.c_double() for _ in range(results - 1)]
    callee.restype = ctypes.c_double
    first = callee(*converted, *map(ctypes.byref, rest))
    return [first, *(r.value for r in rest)]


def main():
    count = int(sys.argv[1])
    text = [draw_function(i, name, points)
            for i, (name, points, _) in enumerate(FAMILIES)]
    text += [pair_function(i, *pair) for i, pair in enumerate(PAIRS)]
    library = native.load("\n".join(text),
                          ("--vi-estimate-expectations",
                           "--vi-lower-distributions"), ("--vi-to-llvm",))
    failures = 0
    for i, (name, points, truth) in enumerate(FAMILIES):
        limits = [float(truth.ppf(p)) for p in QUANTILES]
        shares = call(getattr(library, f"draw{i}"),
                      [*points, *limits, count, 20 + i], len(QUANTILES))
        for limit, share in zip(limits, shares):
            p = truth.cdf(limit)
            if limit == 0 and p == 0:
                # The quantile is below the least positive number, to which
                # draws round as it does.
                continue
            error = math.sqrt(p * (1 - p) / count)
            if not abs(share - p) <= 4.5 * error + 1 / count:
                failures += 1
                print(f"{name}{points}: P(x <= {limit}) = {share}, not {p} "
                      f"+- {error:.2g}")
    for i, (q, q_points, p, p_points, shared) in enumerate(PAIRS):
        arguments = [*q_points, *(v for k, v in enumerate(p_points)
                                  if k != shared)]
        callee = getattr(library, f"pair{i}")
        exact, mean, square = call(callee, [*arguments, count, 7], 3)
        sd = math.sqrt(max(square - mean * mean, 0))
        # (The sum of a constant has an error of rounding.)
        if not abs(mean - exact) <= 4.5 * sd / math.sqrt(count) + 1e-11:
            failures += 1
            print(f"kl({q}{q_points} || {p}{p_points}): {exact}, by draws "
                  f"{mean} +- {sd / math.sqrt(count):.2g}")
        # Root mean square error of 40 estimates at 100 draws and at 1600: a
        # quarter of it.
        if sd < 1e-7:
            continue
        errors = [math.sqrt(np.mean([
            (call(callee, [*arguments, k, 100 + r], 3)[1] - exact)**2
            for r in range(40)])) for k in (100, 1600)]
        if not 2.2 < errors[0] / errors[1] < 7.2:
            failures += 1
            print(f"kl({q}{q_points} || {p}{p_points}): errors {errors}")
    print(f"{len(FAMILIES)} families, {len(PAIRS)} pairs, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
