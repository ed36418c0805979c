#===- in_jax.py - a Bayesian neural network -----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import math

import jax.numpy as xp


def log_likelihood(data, z):
    hidden = xp.tanh(data["X"] @ z["weights1"].T + z["bias1"])
    residual = data["y"] - (hidden @ z["weights2"] + z["bias2"])
    return -(0.5 * xp.dot(residual, residual) / z["sigma"] ** 2
             + len(residual) * (xp.log(z["sigma"])
                                + 0.5 * math.log(2 * math.pi)))
