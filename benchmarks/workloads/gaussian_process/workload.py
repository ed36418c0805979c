#===- workload.py - Gaussian process regression -------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
from workload import TRANSCENDENTAL, Configuration, Site, log_normal

NUMBER = 8
TITLE = "Gaussian process"
CONFIGURATIONS = [Configuration({"N": 500}, fits=True)]
QUICK = {"N": 100}


def generate(size, rng):
    x = np.sort(rng.uniform(-5, 5, size=size["N"]))
    return {"x": x, "y": np.sin(2 * x) + 0.5 * rng.normal(size=size["N"])}


def sites(size):
    return [Site(name, (), log_normal(0, 1))
            for name in ("rho", "alpha", "sigma")]


def work(size, samples):
    # One triangle of the matrix, its factor (N^3 / 3), and the inverse from the
    # factor (2 N^3 / 3), whose product with y and trace are the derivative.
    N = size["N"]
    return 16 * N, samples * (N ** 3 + N * N * (TRANSCENDENTAL / 2 + 6))
