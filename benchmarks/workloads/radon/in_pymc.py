#===- in_pymc.py - radon in houses of counties --------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import pymc as pm


def model(J, county_idx, log_uppm, floor_measure, log_radon):
    sigma_alpha = pm.HalfNormal("sigma_alpha", 1)
    sigma_y = pm.HalfNormal("sigma_y", 1)
    mu_alpha = pm.Normal("mu_alpha", 0, 10)
    beta = pm.Normal("beta", 0, 10, shape=2)
    alpha_raw = pm.Normal("alpha_raw", 0, 1, shape=J)
    alpha = mu_alpha + sigma_alpha * alpha_raw
    mean = alpha[county_idx - 1] + beta[0] * log_uppm + beta[1] * floor_measure
    pm.Normal("log_radon", mean, sigma_y, observed=log_radon)
