#===- in_pytorch.py - eight schools, non-centered -----------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import math

import numpy as np
import torch as xp


def prepare(data, dtype):
    constant = np.log(data["sigma"]) + 0.5 * math.log(2 * math.pi)
    return {"y": data["y"], "precision": 1 / data["sigma"],
            "constant": constant.sum()}


def log_likelihood(data, z):
    u = (data["y"] - z["mu"] - z["tau"] * z["theta_trans"]) * data["precision"]
    return -0.5 * xp.sum(u * u) - data["constant"]
