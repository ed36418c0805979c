#===- in_numpyro.py - Poisson regression --------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


def model(G, group, X, y):
    mu = numpyro.sample("mu", dist.Normal(0, 1))
    tau = numpyro.sample("tau", dist.LogNormal(0, 1))
    beta = numpyro.sample("beta", dist.Normal(0, 1).expand([X.shape[1]]))
    with numpyro.plate("group", G):
        alpha_raw = numpyro.sample("alpha_raw", dist.Normal(0, 1))
    alpha = mu + tau * alpha_raw
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Poisson(jnp.exp(alpha[group - 1] + X @ beta)),
                       obs=y)
