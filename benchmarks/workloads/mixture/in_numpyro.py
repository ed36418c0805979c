#===- in_numpyro.py - a mixture of ten normals --------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpyro
import numpyro.distributions as dist


def model(y):
    weight = numpyro.sample("weight", dist.Normal(0, 1).expand([10]))
    mu = numpyro.sample("mu", dist.Normal(0, 5).expand([10, 2]))
    sigma = numpyro.sample("sigma", dist.LogNormal(0, 1).expand([10, 2]))
    component = dist.Normal(mu, sigma).to_event(1)
    with numpyro.plate("point", len(y)):
        numpyro.sample("y", dist.MixtureSameFamily(
            dist.Categorical(logits=weight), component), obs=y)
