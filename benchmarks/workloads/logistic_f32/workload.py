#===- workload.py - logistic regression, f32 ----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
from workload import TRANSCENDENTAL, Configuration, Normal, Site

NUMBER = 1
TITLE = "logistic regression f32"
CONFIGURATIONS = [Configuration({"N": 400_000, "D": 64}, "f32", 1),
                  Configuration({"N": 400_000, "D": 64}, "f32", 8)]
QUICK = {"N": 20_000}


def generate(size, rng):
    X = rng.normal(size=(size["N"], size["D"]))
    beta = rng.normal(size=size["D"]) / size["D"] ** 0.5
    y = rng.random(size["N"]) * (1 + 2.718281828459045 ** -(0.5 + X @ beta)) < 1
    return {"X": X, "y": y}


def sites(size):
    return [Site("alpha", (), Normal(0, 2.5)),
            Site("beta", (size["D"],), Normal(0, 2.5))]


def work(size, samples):
    N, D = size["N"], size["D"]
    return N * D * 4 + N, samples * N * (4 * D + 2 * TRANSCENDENTAL)
