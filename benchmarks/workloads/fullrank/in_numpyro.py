#===- in_numpyro.py - logistic regression -------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpyro
import numpyro.distributions as dist


def model(X, y):
    beta = numpyro.sample("beta", dist.Normal(0, 2.5).expand([X.shape[1]]))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Bernoulli(logits=X @ beta), obs=y)
