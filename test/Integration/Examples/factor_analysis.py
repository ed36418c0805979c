# The bound at its maximum is the maximum likelihood of factor analysis, found
# by EM (Rubin and Thayer, 1982) on the sample covariance.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && %python %s %t

import json
import pathlib
import sys

import numpy as np

import fits

output = pathlib.Path(sys.argv[1])
data = fits.EXAMPLES / "factor_analysis" / "data.npy"
x = np.load(data)
count, size = x.shape
covariance = np.cov(x.T, bias=True)


def log_likelihood(sigma):
    return -count / 2 * (size * np.log(2 * np.pi) + np.linalg.slogdet(sigma)[1]
                         + np.trace(np.linalg.solve(sigma, covariance)))


def em(k, steps):
    random = np.random.RandomState(0)
    weights, psi = random.standard_normal((size, k)), covariance.diagonal()
    last = -np.inf
    for _ in range(steps):
        sigma = weights @ weights.T + np.diag(psi)
        regression = np.linalg.solve(sigma, weights).T
        second = (np.eye(k) - regression @ weights
                  + regression @ covariance @ regression.T)
        weights = covariance @ regression.T @ np.linalg.inv(second)
        psi = np.diag(covariance - weights @ regression @ covariance)
        value = log_likelihood(weights @ weights.T + np.diag(psi))
        assert value > last - 1e-7
        if value - last < 1e-10:
            break
        last = value
    return weights @ weights.T, psi, value


common, psi, best = em(3, 100000)
summary = fits.fit(output, fits.EXAMPLES / "factor_analysis" / "model.mlir",
                   "--data", f"x={data}", "--draws", 1)
fits.check(summary["converged"], "converged")
gap = (best - summary["elbo"]) / count
fits.check(-1e-7 < gap < 1e-5,
           f"the bound is {gap:.1e} nats a datum below the maximum of EM")
found = json.loads((output / "parameters.json").read_text())
weights = np.array(found["W"])
error = np.abs(weights @ weights.T - common).max() / np.abs(common).max()
fits.check(error < 1e-3, f"W W' within {error:.1e}")
error = np.abs(np.exp(2 * np.array(found["psi"])) / psi - 1).max()
fits.check(error < 1e-3, f"psi^2 within {error:.1e}")
fits.finish()
