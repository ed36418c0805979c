#===- in_numpyro.py - radon in houses of counties -----------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpyro
import numpyro.distributions as dist


def model(J, county_idx, log_uppm, floor_measure, log_radon):
    sigma_alpha = numpyro.sample("sigma_alpha", dist.HalfNormal(1))
    sigma_y = numpyro.sample("sigma_y", dist.HalfNormal(1))
    mu_alpha = numpyro.sample("mu_alpha", dist.Normal(0, 10))
    beta = numpyro.sample("beta", dist.Normal(0, 10).expand([2]))
    with numpyro.plate("county", J):
        alpha_raw = numpyro.sample("alpha_raw", dist.Normal(0, 1))
    alpha = mu_alpha + sigma_alpha * alpha_raw
    mean = alpha[county_idx - 1] + beta[0] * log_uppm + beta[1] * floor_measure
    with numpyro.plate("house", len(log_radon)):
        numpyro.sample("log_radon", dist.Normal(mean, sigma_y), obs=log_radon)
