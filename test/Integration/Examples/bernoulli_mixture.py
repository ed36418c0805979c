# Fitted from one start by L-BFGS and by EM, a mixture of Bernoulli distributions
# has the same log-likelihood, weights and probabilities.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %t

import json
import pathlib
import sys

import numpy as np
import scipy.special

import fits

output = pathlib.Path(sys.argv[1])
data = fits.EXAMPLES / "bernoulli_mixture" / "data.npy"
x = np.load(data).astype(float)
classes = 3


def em(weight, p):
    last = -np.inf
    for _ in range(10000):
        log_joint = (np.log(weight) + x @ np.log(p).T
                     + (1 - x) @ np.log1p(-p).T)
        total = scipy.special.logsumexp(log_joint, 1)
        value = total.sum()
        if value - last < 1e-11:
            break
        last = value
        responsibility = np.exp(log_joint - total[:, None])
        sizes = responsibility.sum(0)
        weight, p = sizes / len(x), responsibility.T @ x / sizes[:, None]
    return value, weight, p


def constrain_simplex(y):
    """Stan's stick-breaking."""
    rest, parts = 1.0, []
    for k, value in enumerate(y):
        part = rest * scipy.special.expit(value - np.log(len(y) - k))
        parts.append(part)
        rest -= part
    return np.array(parts + [rest])


random = np.random.RandomState(3)
start = {"weight": [0.0] * (classes - 1),
         "p": random.uniform(-0.5, 0.5, (classes, x.shape[1])).tolist()}
(output / "start.json").write_text(json.dumps(start))
best, weight, p = em(np.full(classes, 1 / classes),
                     scipy.special.expit(np.array(start["p"])))
summary = fits.fit(output / "fit",
                   fits.EXAMPLES / "bernoulli_mixture" / "model.mlir",
                   "--data", f"x={data}", "--init", output / "start.json")
fits.check(summary["converged"], "converged")
fits.check(abs(summary["elbo"] - best) < 1e-6,
           f"the ELBO is {summary['elbo'] - best:+.1e} of EM's log-likelihood")
found = json.loads((output / "fit" / "parameters.json").read_text())
error = np.abs(constrain_simplex(found["weight"]) - weight).max()
fits.check(error < 1e-6, f"weights within {error:.1e}")
error = np.abs(scipy.special.expit(np.array(found["p"])) - p).max()
fits.check(error < 1e-6, f"probabilities within {error:.1e}")
fits.finish()
