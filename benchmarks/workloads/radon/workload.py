#===- workload.py - radon in houses of counties -------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
from workload import Configuration, HalfNormal, Normal, Site

NUMBER = 4
TITLE = "radon"
CONFIGURATIONS = [
    Configuration({"N": scale * 12_573, "J": scale * 386, "order": order},
                  fits=scale == 1 and order == "sorted")
    for scale in (1, 100) for order in ("sorted", "shuffled")]
QUICK = {"N": 12_573, "J": 386}


def generate(size, rng):
    N, J = size["N"], size["J"]
    # Counties are of very different sizes.
    share = rng.gamma(0.6, size=J) + 0.02
    county = rng.choice(J, size=N, p=share / share.sum())
    county = np.sort(county) if size["order"] == "sorted" else county
    uppm = rng.normal(size=J)[county]
    floor = np.float64(rng.random(N) < 0.25)
    alpha = 1.4 + 0.3 * rng.normal(size=J)
    log_radon = (alpha[county] + 0.7 * uppm - 0.6 * floor
                 + 0.8 * rng.normal(size=N))
    return {"J": J, "county_idx": county + 1, "log_uppm": uppm,
            "floor_measure": floor, "log_radon": log_radon}


def sites(size):
    return [Site("sigma_alpha", (), HalfNormal(1)),
            Site("sigma_y", (), HalfNormal(1)),
            Site("mu_alpha", (), Normal(0, 10)),
            Site("beta", (2,), Normal(0, 10)),
            Site("alpha_raw", (size["J"],), Normal(0, 1))]


def work(size, samples):
    N, J = size["N"], size["J"]
    return 8 * (4 * N + 5 * J), samples * (14 * N + 60 * J)
