#===- in_jax.py - a mixture of ten normals ------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import math

import jax.numpy as xp
from jax.scipy.special import logsumexp


def log_likelihood(data, z):
    weight, mu, sigma = z["weight"], z["mu"], z["sigma"]
    constant = (weight - logsumexp(weight, 0) - xp.sum(xp.log(sigma), 1)
                - math.log(2 * math.pi))
    inverse = 1 / sigma
    # One matrix for each dimension: a row for each point.
    u = (data["y"][:, :1] - mu[:, 0]) * inverse[:, 0]
    v = (data["y"][:, 1:] - mu[:, 1]) * inverse[:, 1]
    return xp.sum(logsumexp(constant - 0.5 * (u * u + v * v), 1))
