#===- in_numpyro.py - eight schools, non-centered -----------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpyro
import numpyro.distributions as dist


def model(J, y, sigma):
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    with numpyro.plate("school", J):
        theta_trans = numpyro.sample("theta_trans", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mu + tau * theta_trans, sigma), obs=y)
