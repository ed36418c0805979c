# Draws of the families over vectors and categories: their first and second
# moments (of a Dirichlet's logarithms, too) are those of textbooks, within 4
# standard errors at a fixed seed, the error estimated from the same draws.
#
# The number of draws is the first argument.
#
# REQUIRES: numpy, scipy
# RUN: %python %s 100000
import itertools
import math
import sys

import numpy as np
from scipy.special import digamma, softmax

import native
from draws import call


def dense(values):
    """A constant and its type."""
    array = np.asarray(values, float)
    text = str(array.tolist())
    kind = "x".join(map(str, array.shape)) + "xf64"
    return f"arith.constant dense<{text}> : tensor<{kind}>", f"tensor<{kind}>"


def normal_moments(mean, factor):
    mean, factor = np.array(mean), np.array(factor)
    second = factor @ factor.T + np.outer(mean, mean)
    return mean, second, None


def dirichlet_moments(alpha):
    alpha = np.array(alpha)
    total = alpha.sum()
    second = ((np.outer(alpha, alpha) + np.diag(alpha))
              / (total * (total + 1)))
    return alpha / total, second, digamma(alpha) - digamma(total)


# Strongly correlated and of different scales; the correlation's sign matters.
FACTOR = [[2.0, 0.0, 0.0], [-1.4, 0.6, 0.0], [0.3, 0.05, 0.1]]
VECTORS = [
    ("multivariate_normal", ([0.5, -1.0, 3.0], FACTOR), normal_moments),
    ("multivariate_normal", ([0.0], [[1.5]]), normal_moments),
    ("dirichlet", ([0.4, 2.5, 1.0],), dirichlet_moments),
    ("dirichlet", ([60.0, 10.0, 0.9, 5.0],), dirichlet_moments),
]
CATEGORIES = [
    ("categorical", [0.1, 0.55, 0.05, 0.3], lambda p: np.array(p)),
    ("categorical", [0.0, 1.0], lambda p: np.array(p)),
    ("categorical_logits", [2.0, -1.0, 0.5], softmax),
    # Far from normalized, beyond the range of exp.
    ("categorical_logits", [1001.0, 1000.0, 999.0, -5.0], softmax),
]


def expectation(index, name, points, value, body, names):
    """A function of the means of `names`, which `body` defines from %z."""
    constants = [dense(p) for p in points]
    lines = [f"  %p{i} = {text}" for i, (text, _) in enumerate(constants)]
    operands = ", ".join(f"%p{i}" for i in range(len(points)))
    kinds = ", ".join(kind for _, kind in constants)
    f64s = ", ".join(["f64"] * len(names))
    results = ", ".join(f"%e#{i}" for i in range(len(names)))
    head = "\n".join(lines)
    return f"""
func.func @f{index}(%n: index {{vi.samples}}, %seed: i64 {{vi.seed}})
    -> ({f64s}) attributes {{vi.export}} {{
{head}
  %q = vi.{name} {operands} : {kinds}
  %e:{len(names)} = vi.expect {{
    %z = vi.draw "z" from %q : {value}
{body}
    vi.yield {", ".join(names)} : {f64s}
  }} : {f64s}
  return {results} : {f64s}
}}"""


def vector_function(index, name, points, has_logarithms):
    """Means of elements, products of pairs, logarithms, and their squares."""
    size = len(points[0])
    lines, names = [], []

    def define(result, text):
        lines.append(f"    {result} = {text}")
        names.append(result)

    for i in range(size):
        lines.append(f"    %c{i} = arith.constant {i} : index")
        define(f"%x{i}", f"tensor.extract %z[%c{i}] : tensor<{size}xf64>")
    for i, j in itertools.combinations_with_replacement(range(size), 2):
        define(f"%x{i}_{j}", f"arith.mulf %x{i}, %x{j} : f64")
    if has_logarithms:
        for i in range(size):
            define(f"%l{i}", f"math.log %x{i} : f64")
    for variable in list(names):
        define(f"%s{variable[1:]}", f"arith.mulf {variable}, {variable} : f64")
    return expectation(index, name, points, f"tensor<{size}xf64>",
                       "\n".join(lines), names), len(names)


def category_function(index, name, points):
    """The shares of the categories."""
    lines, names = [], []
    for i in range(len(points)):
        lines += [f"    %c{i} = arith.constant {i} : i64",
                  f"    %is{i} = arith.cmpi eq, %z, %c{i} : i64",
                  f"    %x{i} = arith.uitofp %is{i} : i1 to f64"]
        names.append(f"%x{i}")
    return expectation(index, name, (points,), "i64", "\n".join(lines),
                       names), len(names)


def main():
    count = int(sys.argv[1])
    functions = [vector_function(i, name, points,
                                 truth is dirichlet_moments)
                 for i, (name, points, truth) in enumerate(VECTORS)]
    functions += [category_function(len(VECTORS) + i, name, points)
                  for i, (name, points, _) in enumerate(CATEGORIES)]
    library = native.load("\n".join(text for text, _ in functions),
                          ("--vi-estimate-expectations",
                           "--vi-lower-distributions"), ("--vi-to-llvm",))
    checks = failures = 0

    def check(label, got, expected, error):
        nonlocal checks, failures
        checks += 1
        if not abs(got - expected) <= 4 * error + 1e-12:
            failures += 1
            print(f"{label}: {got}, not {expected} +- {error:.2g}")

    for i, (_, size) in enumerate(functions):
        got = call(getattr(library, f"f{i}"), [count, 40 + i], size)
        if i >= len(VECTORS):
            name, points, truth = CATEGORIES[i - len(VECTORS)]
            for k, p in enumerate(truth(points)):
                check(f"{name}{points}: P({k})", got[k], p,
                      math.sqrt(p * (1 - p) / count))
            continue
        name, points, truth = VECTORS[i]
        mean, second, logarithms = truth(*points)
        expected = list(mean)
        expected += [second[j, k] for j, k in
                     itertools.combinations_with_replacement(
                         range(len(mean)), 2)]
        expected += [] if logarithms is None else list(logarithms)
        half = len(expected)
        for j, value in enumerate(expected):
            variance = max(got[half + j] - got[j]**2, 0)
            check(f"{name}{points}: moment {j}", got[j], value,
                  math.sqrt(variance / count))
    print(f"{checks} moments, {failures} failures")
    return failures != 0


sys.exit(main())
