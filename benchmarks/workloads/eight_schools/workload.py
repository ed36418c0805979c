#===- workload.py - eight schools, non-centered -------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
from workload import TRANSCENDENTAL, Configuration, HalfCauchy, Normal, Site

NUMBER = 3
TITLE = "eight schools"
CONFIGURATIONS = [Configuration({"J": 8}, threads=(1,), fits=True)]
QUICK = {}


def generate(size, rng):
    return {"J": 8, "y": np.array([28.0, 8, -3, 7, -1, 1, 18, 12]),
            "sigma": np.array([15.0, 10, 16, 11, 9, 11, 10, 18])}


def sites(size):
    return [Site("tau", (), HalfCauchy(5)), Site("mu", (), Normal(0, 5)),
            Site("theta_trans", (size["J"],), Normal(0, 1))]


def work(size, samples):
    J, normals = size["J"], size["J"] + 2
    return (8 * (2 * J + 5 * normals),
            samples * (10 * J + 5 * normals)
            + TRANSCENDENTAL * (2 * normals + 2))
