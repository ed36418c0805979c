#===- in_pymc.py - Gaussian process regression --------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
import pymc as pm


def model(x, y):
    rho = pm.LogNormal("rho", 0, 1)
    alpha = pm.LogNormal("alpha", 0, 1)
    sigma = pm.LogNormal("sigma", 0, 1)
    u = (x[:, None] - x) / rho
    K = alpha ** 2 * pm.math.exp(-0.5 * u * u) + sigma ** 2 * np.eye(len(x))
    pm.MvNormal("y", np.zeros(len(x)), cov=K, observed=y)
