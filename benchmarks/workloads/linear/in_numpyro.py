#===- in_numpyro.py - linear regression ---------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpyro
import numpyro.distributions as dist


def model(X, y):
    alpha = numpyro.sample("alpha", dist.Normal(0, 10))
    beta = numpyro.sample("beta", dist.Normal(0, 10).expand([X.shape[1]]))
    sigma = numpyro.sample("sigma", dist.LogNormal(0, 1))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Normal(alpha + X @ beta, sigma), obs=y)
