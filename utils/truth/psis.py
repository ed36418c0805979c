#===- psis.py - Pareto-smoothed importance sampling, a second time --------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Pareto-smoothed importance sampling in NumPy, from the definitions of Vehtari,
Simpson, Gelman, Yao and Gabry (2024), with the estimator of Zhang and Stephens
(2009). As a program it prints what unittests/Fit/ParetoSmoothingTest.cpp
expects.
"""

import numpy as np


def fit_pareto(x):
    """Shape and scale of the generalized Pareto distribution of excesses x; the
    shape with a prior of ten observations at 1/2."""
    x = np.sort(x)
    n = x.size
    m = 30 + int(np.sqrt(n))
    j = np.arange(1, m + 1)
    quartile = x[int(n / 4 + 0.5) - 1]
    theta = 1 / x[-1] + (1 - np.sqrt(m / (j - 0.5))) / (3 * quartile)
    shape = np.log1p(-np.outer(theta, x)).mean(1)
    profile = n * (np.log(-theta / shape) - shape - 1)
    weights = 1 / np.exp(profile[:, None] - profile).T.sum(1)
    theta = np.sum(theta * weights)
    shape = np.log1p(-theta * x).mean()
    return (n * shape + 5) / (n + 10), -shape / theta


def smooth(log_ratios):
    """Normalized weights, k-hat, and the log of the mean smoothed ratio."""
    log_ratios = np.asarray(log_ratios, float)
    largest = log_ratios.max()
    weights = np.exp(log_ratios - largest)
    n = weights.size
    tail = int(np.ceil(min(n / 5, 3 * np.sqrt(n))))
    order = np.argsort(weights)
    cutoff = weights[order[-tail - 1]]
    shape, scale = fit_pareto(weights[order[-tail:]] - cutoff)
    p = (np.arange(1, tail + 1) - 0.5) / tail
    quantiles = cutoff + scale * np.expm1(-shape * np.log1p(-p)) / shape
    weights[order[-tail:]] = np.minimum(quantiles, 1)
    return (weights / weights.sum(), shape,
            largest + np.log(weights.mean()))


def example(n, k):
    """Ratios with a tail of shape k, in no order."""
    i = np.arange(n)
    u = ((i * 7919 + 13) % n + 0.5) / n
    return -k * np.log1p(-u) + 0.3 * np.sin(i)


if __name__ == "__main__":
    for n, k in ((1000, 0.2), (1000, 0.8), (4000, 0.5), (40, 0.4)):
        weights, shape, log_mean = smooth(example(n, k))
        print(f"{{{n}, {k}, {shape:.12f}, {1 / np.sum(weights ** 2):.10g}, "
              f"{log_mean:.12f}}},")
