#===- in_numpyro.py - a Bayesian neural network -------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


def model(X, y):
    standard = dist.Normal(0, 1)
    weights1 = numpyro.sample("weights1", standard.expand([100, 50]))
    bias1 = numpyro.sample("bias1", standard.expand([100]))
    weights2 = numpyro.sample("weights2", standard.expand([100]))
    bias2 = numpyro.sample("bias2", standard)
    sigma = numpyro.sample("sigma", dist.LogNormal(0, 1))
    mean = bias2 + jnp.tanh(X @ weights1.T + bias1) @ weights2
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Normal(mean, sigma), obs=y)
