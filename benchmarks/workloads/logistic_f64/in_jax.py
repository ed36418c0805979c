#===- in_jax.py - logistic regression, f64 ------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import jax.numpy as xp
from jax.nn import softplus


def prepare(data, dtype):
    return {"X": data["X"], "y": data["y"].astype(dtype)}


def log_likelihood(data, z):
    logits = data["X"] @ z["beta"] + z["alpha"]
    return xp.dot(data["y"], logits) - xp.sum(softplus(logits))
