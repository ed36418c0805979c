#===- workload.py - logistic regression, full-rank guide ----------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
from workload import TRANSCENDENTAL, Configuration, Normal, Site

NUMBER = 7
TITLE = "full-rank guide"
GUIDE = "fullrank"
CONFIGURATIONS = [Configuration({"N": 10_000, "D": 200}, fits=True)]
QUICK = {"N": 1_000}


def generate(size, rng):
    X = rng.normal(size=(size["N"], size["D"]))
    beta = rng.normal(size=size["D"]) / size["D"] ** 0.5
    y = rng.random(size["N"]) * (1 + 2.718281828459045 ** -(X @ beta)) < 1
    return {"X": X, "y": y}


def sites(size):
    return [Site("beta", (size["D"],), Normal(0, 2.5))]


def work(size, samples):
    # Data, and the triangle of the factor read and its derivative written.
    N, D = size["N"], size["D"]
    return (8 * (N * D + D * D) + N,
            samples * (N * (4 * D + 2 * TRANSCENDENTAL) + 2 * D * D)
            + 3 * D * D)
