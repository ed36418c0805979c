#===- in_pytorch.py - Gaussian process regression -----------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import math

import torch as xp


def log_likelihood(data, z):
    x, y = data["x"], data["y"]
    u = (x[:, None] - x) / z["rho"]
    K = z["alpha"] ** 2 * xp.exp(-0.5 * u * u)
    L = xp.linalg.cholesky(K + z["sigma"] ** 2 * xp.eye(len(x)))
    w = xp.linalg.solve_triangular(L, y[:, None], upper=False)
    return (-0.5 * xp.sum(w * w) - xp.sum(xp.log(xp.diagonal(L)))
            - 0.5 * len(x) * math.log(2 * math.pi))
