#===- in_pymc.py - a Bayesian neural network ----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import pymc as pm


def model(X, y):
    weights1 = pm.Normal("weights1", 0, 1, shape=(100, 50))
    bias1 = pm.Normal("bias1", 0, 1, shape=100)
    weights2 = pm.Normal("weights2", 0, 1, shape=100)
    bias2 = pm.Normal("bias2", 0, 1)
    sigma = pm.LogNormal("sigma", 0, 1)
    mean = bias2 + pm.math.tanh(X @ weights1.T + bias1) @ weights2
    pm.Normal("y", mean, sigma, observed=y)
