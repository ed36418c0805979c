#===- workload.py - Poisson regression ----------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
from workload import TRANSCENDENTAL, Configuration, Normal, Site, log_normal

NUMBER = 6
TITLE = "Poisson regression"
CONFIGURATIONS = [Configuration({"N": 500_000, "G": 1000, "D": 8})]
QUICK = {"N": 20_000}


def generate(size, rng):
    N, G, D = size["N"], size["G"], size["D"]
    group = rng.integers(G, size=N)
    X = rng.normal(size=(N, D))
    log_rate = (0.5 + 0.3 * rng.normal(size=G))[group] + X @ (
        0.2 * rng.normal(size=D))
    return {"G": G, "group": group + 1, "X": X,
            "y": rng.poisson(2.718281828459045 ** log_rate)}


def sites(size):
    return [Site("mu", (), Normal(0, 1)), Site("tau", (), log_normal(0, 1)),
            Site("beta", (size["D"],), Normal(0, 1)),
            Site("alpha_raw", (size["G"],), Normal(0, 1))]


def work(size, samples):
    # The logarithm of y! does not change and is not counted.
    N, G, D = size["N"], size["G"], size["D"]
    return 8 * (N * (D + 2) + 5 * G), samples * (
        N * (4 * D + TRANSCENDENTAL + 4) + 60 * G)
