#===- workload.py - a mixture of ten normals ----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
from workload import TRANSCENDENTAL, Configuration, Normal, Site, log_normal

NUMBER = 5
TITLE = "Gaussian mixture"
CONFIGURATIONS = [Configuration({"N": 100_000, "K": 10}, fits=True)]
QUICK = {"N": 5_000}


def generate(size, rng):
    mu = rng.normal(size=(10, 2)) * 4
    sigma = np.exp(0.3 * rng.normal(size=(10, 2)))
    component = rng.integers(10, size=size["N"])
    return {"y": mu[component]
            + sigma[component] * rng.normal(size=(size["N"], 2))}


def sites(size):
    return [Site("weight", (10,), Normal(0, 1)),
            Site("mu", (10, 2), Normal(0, 5)),
            Site("sigma", (10, 2), log_normal(0, 1))]


def work(size, samples):
    # Of each component: deviation, scaling and square in two dimensions, an
    # exponential, and the products of its weight with four derivatives.
    N = size["N"]
    flops = 10 * (12 + TRANSCENDENTAL + 12) + TRANSCENDENTAL
    return 16 * N, samples * N * flops
