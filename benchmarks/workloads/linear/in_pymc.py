#===- in_pymc.py - linear regression ------------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import pymc as pm


def model(X, y):
    alpha = pm.Normal("alpha", 0, 10)
    beta = pm.Normal("beta", 0, 10, shape=X.shape[1])
    sigma = pm.LogNormal("sigma", 0, 1)
    pm.Normal("y", alpha + X @ beta, sigma, observed=y)
