#===- in_pytorch.py - Poisson regression --------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
import torch as xp


def prepare(data, dtype):
    # log y! does not depend on the latents: a table of its values is summed.
    counts = np.bincount(data["y"])
    log_factorial = np.cumsum(np.log(np.maximum(np.arange(len(counts)), 1)))
    return {"group": (data["group"] - 1).astype(np.int32), "X": data["X"],
            "y": data["y"].astype(dtype), "constant": counts @ log_factorial}


def log_likelihood(data, z):
    alpha = z["mu"] + z["tau"] * z["alpha_raw"]
    log_rate = alpha[data["group"]] + data["X"] @ z["beta"]
    return (xp.dot(data["y"], log_rate) - xp.sum(xp.exp(log_rate))
            - data["constant"])
