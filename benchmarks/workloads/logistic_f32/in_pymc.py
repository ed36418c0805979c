#===- in_pymc.py - logistic regression ----------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import pymc as pm


def model(X, y):
    alpha = pm.Normal("alpha", 0, 2.5)
    beta = pm.Normal("beta", 0, 2.5, shape=X.shape[1])
    pm.Bernoulli("y", logit_p=alpha + X @ beta, observed=y)
