#===- in_jax.py - linear regression -------------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import math

import jax.numpy as xp


def log_likelihood(data, z):
    residual = data["y"] - (data["X"] @ z["beta"] + z["alpha"])
    return -(0.5 * xp.dot(residual, residual) / z["sigma"] ** 2
             + len(residual) * (xp.log(z["sigma"])
                                + 0.5 * math.log(2 * math.pi)))
