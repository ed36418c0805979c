#===- in_jax.py - radon in houses of counties ---------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import math

import numpy as np
import jax.numpy as xp


def prepare(data, dtype):
    return {"county": (data["county_idx"] - 1).astype(np.int32),
            "uppm": data["log_uppm"], "floor": data["floor_measure"],
            "y": data["log_radon"]}


def log_likelihood(data, z):
    alpha = z["mu_alpha"] + z["sigma_alpha"] * z["alpha_raw"]
    mean = (alpha[data["county"]] + z["beta"][0] * data["uppm"]
            + z["beta"][1] * data["floor"])
    residual = data["y"] - mean
    return -(0.5 * xp.dot(residual, residual) / z["sigma_y"] ** 2
             + len(residual) * (xp.log(z["sigma_y"])
                                + 0.5 * math.log(2 * math.pi)))
