#===- in_jax.py - Gaussian process regression ---------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import math

import jax.numpy as xp
from jax.scipy.linalg import solve_triangular


def log_likelihood(data, z):
    x, y = data["x"], data["y"]
    u = (x[:, None] - x) / z["rho"]
    K = z["alpha"] ** 2 * xp.exp(-0.5 * u * u)
    L = xp.linalg.cholesky(K + z["sigma"] ** 2 * xp.eye(len(x)),
                           symmetrize_input=False)
    w = solve_triangular(L, y, lower=True)
    return (-0.5 * xp.dot(w, w) - xp.sum(xp.log(xp.diag(L)))
            - 0.5 * len(x) * math.log(2 * math.pi))
