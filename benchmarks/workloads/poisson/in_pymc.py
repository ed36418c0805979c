#===- in_pymc.py - Poisson regression -----------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import pymc as pm


def model(G, group, X, y):
    mu = pm.Normal("mu", 0, 1)
    tau = pm.LogNormal("tau", 0, 1)
    beta = pm.Normal("beta", 0, 1, shape=X.shape[1])
    alpha_raw = pm.Normal("alpha_raw", 0, 1, shape=G)
    alpha = mu + tau * alpha_raw
    pm.Poisson("y", pm.math.exp(alpha[group - 1] + X @ beta), observed=y)
