#!/usr/bin/env python3
#===- published.py - data of the eight schools and coin examples ----------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes the data files whose figures are printed in the literature."""

from files import EXAMPLES, write_json

# Estimated effects of coaching on test scores in eight schools, and their
# standard errors: Rubin (1981), "Estimation in parallel randomized
# experiments", Journal of Educational Statistics 6(4), table 1; rounded as in
# Gelman et al., "Bayesian Data Analysis", table 5.2.
EIGHT_SCHOOLS = {
    "J": 8,
    "y": [28, 8, -3, 7, -1, 1, 18, 12],
    "sigma": [15, 10, 16, 11, 9, 11, 10, 18],
}

# Two successes of ten, the textbook coin.
COIN = {"y": [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]}


def main():
    for form in ("centered", "noncentered"):
        write_json(EXAMPLES / f"eight_schools_{form}" / "data.json",
                   EIGHT_SCHOOLS)
    write_json(EXAMPLES / "bernoulli_beta" / "data.json", COIN)


if __name__ == "__main__":
    main()
