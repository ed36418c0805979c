#===- in_numpyro.py - Gaussian process regression -----------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


def model(x, y):
    rho = numpyro.sample("rho", dist.LogNormal(0, 1))
    alpha = numpyro.sample("alpha", dist.LogNormal(0, 1))
    sigma = numpyro.sample("sigma", dist.LogNormal(0, 1))
    u = (x[:, None] - x) / rho
    K = alpha ** 2 * jnp.exp(-0.5 * u * u) + sigma ** 2 * jnp.eye(len(x))
    numpyro.sample("y", dist.MultivariateNormal(jnp.zeros(len(x)),
                                                covariance_matrix=K), obs=y)
