#===- in_pymc.py - eight schools, non-centered --------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import pymc as pm


def model(J, y, sigma):
    tau = pm.HalfCauchy("tau", 5)
    mu = pm.Normal("mu", 0, 5)
    theta_trans = pm.Normal("theta_trans", 0, 1, shape=J)
    pm.Normal("y", mu + tau * theta_trans, sigma, observed=y)
