# The bound of the linear autoencoder is the maximum likelihood of probabilistic
# PCA, known from the eigenvalues of the data's covariance: on the digits with 2
# and 10 latents, and on a synthetic set, within 1e-3 nats a datum. The columns
# of W span the leading eigenvectors, within 1e-3 in angle; sigma^2 is the mean
# of the other eigenvalues, and W W' + sigma^2 I the maximum's covariance.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %t

import json
import pathlib
import sys

import numpy as np
import scipy.linalg

import fits

output = pathlib.Path(sys.argv[1])
text = (fits.EXAMPLES / "ppca" / "model.mlir").read_text()


def maximum_likelihood(x, k):
    """Tipping and Bishop (1999), equations 7 and 8."""
    count, size = x.shape
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    variance = values[k:].mean()
    value = -count / 2 * (size * np.log(2 * np.pi) + np.log(values[:k]).sum()
                          + (size - k) * np.log(variance) + size)
    covariance = vectors[:, :k] * (values[:k] - variance) @ vectors[:, :k].T
    return value, vectors[:, :k], variance, covariance


def check(name, x, k, *options):
    model = output / f"{k}.mlir"
    model.write_text(text.replace("2xf64", f"{k}xf64")
                     .replace("64x2x", f"64x{k}x").replace("2x64x", f"{k}x64x"))
    np.save(output / f"{name}.npy", x)
    summary = fits.fit(output / name, model, "--data",
                       f"x={output / name}.npy", "--draws", 1, *options,
                       status=(0, 3) if options else 0)
    value, vectors, variance, covariance = maximum_likelihood(
        x.astype(float), k)
    gap = (value - summary["elbo"]) / len(x)
    # Above the maximum it cannot be but by rounding.
    fits.check(-1e-9 < gap < 1e-3, f"{name}, {k} latents: the bound is {gap:.1e} "
               "nats a datum below the maximum likelihood")
    found = json.loads((output / name / "parameters.json").read_text())
    weights = np.array(found["W"])
    angle = scipy.linalg.subspace_angles(weights, vectors).max()
    fits.check(angle < 1e-3, f"{name}, {k} latents: angle {angle:.1e}")
    sigma = np.exp(2 * found["sigma"])
    fits.check(abs(sigma / variance - 1) < 1e-3,
               f"{name}, {k} latents: sigma^2 {sigma:.5f} of {variance:.5f}")
    if options:
        return
    error = np.abs(weights @ weights.T - covariance).max() / covariance.max()
    fits.check(error < 2e-3, f"{name}, {k} latents: covariance to {error:.1e}")
    error = np.abs(np.array(found["mu"]) - x.mean(0)).max() / np.sqrt(variance)
    fits.check(error < 1e-3, f"{name}, {k} latents: mean to {error:.1e}")


digits = np.load(fits.EXAMPLES / "ppca" / "data.npy")
check("digits", digits, 2)
# Ten latents take L-BFGS long to the last digits: stopped where it is near.
check("digits-10", digits, 10, "--iterations", 3000)
random = np.random.RandomState(1)
latents = random.standard_normal((400, 2)) * [3, 1.5]
directions = np.linalg.qr(random.standard_normal((64, 2)))[0]
check("synthetic", latents @ directions.T + 0.5 * random.standard_normal(
    (400, 64)) + random.uniform(-1, 1, 64), 2)
fits.finish()
