#===- in_pymc.py - a mixture of ten normals -----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import pymc as pm


def model(y):
    weight = pm.Normal("weight", 0, 1, shape=10)
    mu = pm.Normal("mu", 0, 5, shape=(10, 2))
    sigma = pm.LogNormal("sigma", 0, 1, shape=(10, 2))
    log_weight = weight - pm.math.logsumexp(weight)
    u = (y[:, None, :] - mu) / sigma
    terms = log_weight - pm.math.log(sigma).sum(1) - 0.5 * (u * u).sum(2)
    pm.Potential("y", pm.math.logsumexp(terms, axis=1).sum()
                 - 1.8378770664093453 * len(y))
