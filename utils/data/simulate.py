#!/usr/bin/env python3
#===- simulate.py - simulated data of the examples ------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes the data files that are simulated.

    /usr/bin/python3 utils/data/simulate.py

`RandomState` is NumPy's legacy generator: its streams do not change between
releases (NEP 19).
"""

import numpy as np

from files import EXAMPLES, write_json, write_npy


def glm_poisson():
    """Counts in 40 years, a cubic in the standardized year on the log scale."""
    random = np.random.RandomState(20101)
    n = 40
    year = np.arange(1, n + 1, dtype=float)
    year = np.round((year - year.mean()) / year.std(ddof=1), 12)
    log_rate = 4.3 + 1.3 * year + 0.08 * year ** 2 - 0.25 * year ** 3
    counts = random.poisson(np.exp(log_rate))
    write_json(EXAMPLES / "glm_poisson" / "data.json",
               {"n": n, "C": counts.tolist(), "year": year.tolist()})


def gaussian_mixture():
    """1000 draws from 0.4 N(-2.75, 1) + 0.6 N(2.75, 1)."""
    random = np.random.RandomState(20102)
    n = 1000
    first = random.uniform(size=n) < 0.4
    y = np.where(first, -2.75, 2.75) + random.standard_normal(n)
    write_json(EXAMPLES / "gaussian_mixture" / "data.json",
               {"N": n, "y": np.round(y, 6).tolist()})


def ark():
    """A stationary autoregression of order 5, after 200 steps of warm-up."""
    random = np.random.RandomState(20103)
    order, length, warmup = 5, 200, 200
    beta = np.array([0.7, 0.4, 0.1, -0.05, -0.3])
    sigma = 0.15
    y = np.zeros(warmup + length)
    for t in range(order, y.size):
        y[t] = beta @ y[t - order:t][::-1] + sigma * random.standard_normal()
    write_json(EXAMPLES / "ark" / "data.json",
               {"K": order, "T": length, "y": np.round(y[warmup:], 8).tolist()})


def factor_analysis():
    """500 draws of ten variables that three factors explain."""
    random = np.random.RandomState(20104)
    loadings = random.standard_normal((10, 3))
    psi = random.uniform(0.5, 1.2, 10)
    mu = random.uniform(-1, 1, 10)
    factors = random.standard_normal((500, 3))
    x = factors @ loadings.T + mu + psi * random.standard_normal((500, 10))
    write_npy(EXAMPLES / "factor_analysis" / "data.npy", np.round(x, 6))


def bernoulli_mixture():
    """600 draws of sixteen answers from three classes."""
    random = np.random.RandomState(20105)
    p = np.where(random.uniform(size=(3, 16)) < 0.5, 0.2, 0.8)
    p += random.uniform(-0.1, 0.1, (3, 16))
    person = random.choice(3, 600, p=[0.5, 0.3, 0.2])
    write_npy(EXAMPLES / "bernoulli_mixture" / "data.npy",
              random.uniform(size=(600, 16)) < p[person])


def hmm():
    """Counts of 200 times, from three states that last for some time."""
    random = np.random.RandomState(20106)
    gamma = np.array([[0.9, 0.08, 0.02], [0.1, 0.8, 0.1], [0.05, 0.15, 0.8]])
    rate = np.array([2.0, 7.0, 20.0])
    state, y = 0, []
    for _ in range(200):
        y.append(int(random.poisson(rate[state])))
        state = random.choice(3, p=gamma[state])
    write_json(EXAMPLES / "hmm" / "data.json", {"y": y})


def main():
    glm_poisson()
    gaussian_mixture()
    ark()
    factor_analysis()
    bernoulli_mixture()
    hmm()


if __name__ == "__main__":
    main()
