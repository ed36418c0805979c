# vi.cholesky_adjoint, by elements and by blocks, for matrices of less than a
# block, of whole blocks and of parts of one, against the formula by general
# solves (Murray 2016, equation 10), and against differences of NumPy's factor.
# What stands above the diagonals must not be read.
#
# REQUIRES: numpy
# RUN: %python %s

import ctypes as c

import numpy as np

from native import load

rng = np.random.default_rng(4)


def text(size):
    return f"""
func.func @adjoint(%l: tensor<{size}x{size}xf64>, %l_bar: tensor<{size}x{size}xf64>)
    -> tensor<{size}x{size}xf64> attributes {{vi.export}} {{
  %a_bar = vi.cholesky_adjoint %l, %l_bar : tensor<{size}x{size}xf64>
  return %a_bar : tensor<{size}x{size}xf64>
}}
"""


def call(library, factor, adjoint):
    n = len(factor)
    out = np.full((n, n), np.nan)
    operands = []
    for matrix in (factor, adjoint):
        matrix = matrix + np.triu(np.full((n, n), np.nan), 1)
        operands.append(np.ascontiguousarray(matrix))
    pointer = lambda array: array.ctypes.data_as(c.c_void_p)
    arguments = []
    for matrix in operands:
        arguments += [pointer(matrix), c.c_int64(n), c.c_int64(n)]
    library.adjoint(*arguments, pointer(out))
    return out


def formula(factor, adjoint):
    product = np.tril(factor.T @ adjoint)
    symmetric = product + np.tril(product, -1).T
    half = np.linalg.solve(factor.T, symmetric)
    s = np.linalg.solve(factor.T, half.T)
    return np.tril(s) - np.diag(np.diag(s)) / 2


failures = 0
for options in ("", "=plain-loops=true"):
    library = load(text("?"), (), ("--vi-to-llvm" + options,))
    for n in (1, 2, 31, 32, 33, 64, 65, 97):
        a = rng.normal(size=(n, n + 3))
        a = a @ a.T / n + np.eye(n)
        factor = np.linalg.cholesky(a)
        adjoint = np.tril(rng.normal(size=(n, n)))
        got = call(library, factor, adjoint)
        expected = formula(factor, adjoint)
        # Eigenvalues are between 1 and 6: sums of n terms and nothing more.
        error = np.abs(got - expected).max() / np.abs(expected).max()
        if not error <= 1e-13 * n:
            failures += 1
            print(f"{options or 'blocks'}, n = {n}: error {error}")

        direction = rng.normal(size=(n, n))
        direction = direction + direction.T
        step = 1e-5
        moved = [np.sum(adjoint * np.linalg.cholesky(a + t * direction))
                 for t in (step, -step)]
        slope = (moved[0] - moved[1]) / (2 * step)
        error = abs(np.sum(got * direction) - slope)
        # Rounding over the step, and its square.
        if not error <= 1e-7 * n * n:
            failures += 1
            print(f"{options or 'blocks'}, n = {n}: slope off by {error}")
assert failures == 0
