#===- workload.py - linear regression -----------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
from workload import Configuration, Normal, Site, log_normal

NUMBER = 2
TITLE = "linear regression"
CONFIGURATIONS = [Configuration({"N": 1_000_000, "D": 16})]
QUICK = {"N": 20_000}


def generate(size, rng):
    X = rng.normal(size=(size["N"], size["D"]))
    beta = rng.normal(size=size["D"])
    return {"X": X, "y": 0.5 + X @ beta + 1.5 * rng.normal(size=size["N"])}


def sites(size):
    return [Site("alpha", (), Normal(0, 10)),
            Site("beta", (size["D"],), Normal(0, 10)),
            Site("sigma", (), log_normal(0, 1))]


def work(size, samples):
    N, D = size["N"], size["D"]
    return 8 * N * (D + 1), samples * N * (4 * D + 6)
