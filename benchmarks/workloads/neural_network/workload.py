#===- workload.py - a Bayesian neural network ---------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
from workload import TRANSCENDENTAL, Configuration, Normal, Site, log_normal

NUMBER = 9
TITLE = "Bayesian neural network"
CONFIGURATIONS = [Configuration({"N": 10_000})]
QUICK = {"N": 1_000}


def generate(size, rng):
    X = rng.normal(size=(size["N"], 50))
    hidden = np.tanh(X @ rng.normal(size=(50, 10)) / 50 ** 0.5)
    return {"X": X,
            "y": hidden @ rng.normal(size=10) + 0.3 * rng.normal(size=size["N"])}


def sites(size):
    standard = Normal(0, 1)
    return [Site("weights1", (100, 50), standard),
            Site("bias1", (100,), standard), Site("weights2", (100,), standard),
            Site("bias2", (), standard), Site("sigma", (), log_normal(0, 1))]


def work(size, samples):
    # Both layers forward, and the derivatives of their weights; that of the
    # second layer's input.
    N, parameters = size["N"], 2 * 5202
    return (8 * (N * 51 + 3 * parameters),
            samples * N * (4 * 5000 + 6 * 100 + 100 * (TRANSCENDENTAL + 4)))
