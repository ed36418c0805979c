# The importance-weighted bound of probabilistic PCA: the log-density itself where
# the guide is the posterior, whatever the draws; its gradient against central
# differences over the same draws; for one draw without bias against the exact
# ELBO and its gradient; and higher with more draws.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && vi-opt --emit=shared %examples/ppca/model.mlir -o %t/ppca.so && %python %s %t

import ctypes
import json
import pathlib
import sys

import numpy as np
import scipy.stats

import fits

output = pathlib.Path(sys.argv[1])
x = np.load(fits.EXAMPLES / "ppca" / "data.npy")[:40].astype(float)
random = np.random.RandomState(3)
directions = np.linalg.qr(random.standard_normal((64, 2)))[0]
W = directions * [12.0, 7.0]
mu = x.mean(0)
sigma = 3.5
M = W.T @ W + sigma ** 2 * np.eye(2)
V = np.linalg.solve(M, W.T)
s = np.log(sigma) - np.log(M.diagonal()) / 2
truth = scipy.stats.multivariate_normal(
    mu, W @ W.T + sigma ** 2 * np.eye(64)).logpdf(x).sum()


def join(b=0.0, t=0.0):
    return np.concatenate([(16 * V).ravel(), -V @ mu + b, s + t, W.ravel(), mu,
                           [np.log(sigma)]])


library = ctypes.CDLL(str(output / "ppca.so"))
doubles = np.ctypeslib.ndpointer(dtype=float, flags="C_CONTIGUOUS")
size = ctypes.c_int64
data = [doubles, size, size, doubles, size]
library.ppca_iwae.restype = ctypes.c_double
library.ppca_iwae.argtypes = data + [size, size]
library.ppca_iwae_gradient.restype = ctypes.c_double
library.ppca_iwae_gradient.argtypes = data + [size, size, doubles]
library.ppca_elbo_gradient.restype = ctypes.c_double
library.ppca_elbo_gradient.argtypes = data + [
    size, size, ctypes.c_double, doubles, size, size, doubles]


def iwae(phi, draws, seed):
    return library.ppca_iwae(x, len(x), 64, phi, phi.size, draws, seed)


def iwae_gradient(phi, draws, seed):
    gradient = np.zeros_like(phi)
    value = library.ppca_iwae_gradient(x, len(x), 64, phi, phi.size, draws, seed,
                                       gradient)
    return value, gradient


for draws in (1, 5):
    error = abs(iwae(join(), draws, 1) - truth)
    fits.check(error < 1e-7, f"the posterior, {draws} draws: within {error:.1e}")

phi = join(b=0.3, t=0.4)
value, gradient = iwae_gradient(phi, 5, 7)
fits.check(abs(value - iwae(phi, 5, 7)) < 1e-9 * abs(value),
           "the gradient's value is the function's")
directions = random.standard_normal((12, phi.size)) * 0.1
for direction in directions:
    step = 1e-5
    numeric = (iwae(phi + step * direction, 5, 7)
               - iwae(phi - step * direction, 5, 7)) / (2 * step)
    error = abs(numeric - gradient @ direction)
    if error > 1e-6 * np.abs(gradient * direction).sum():
        fits.check(False, f"derivative {gradient @ direction}, by differences "
                   f"{numeric}")
fits.check(True, "twelve derivatives are looked at")

# One draw: the ELBO, which has a closed form here, and its gradient.
noise = np.zeros((1, 2 * len(x)))
exact = np.zeros_like(phi)
elbo = library.ppca_elbo_gradient(x, len(x), 64, phi, phi.size, 0, len(x), 1.0,
                                  noise, 1, noise.size, exact)
values, gradients = zip(*(iwae_gradient(phi, 1, seed) for seed in range(4000)))
values, gradients = np.array(values), np.array(gradients)
z = (values.mean() - elbo) / (values.std() / np.sqrt(len(values)))
fits.check(abs(z) < 4, f"one draw: {z:.2f} standard errors from the ELBO")
error = gradients.std(0) / np.sqrt(len(values))
noisy = error > 1e-9 * np.abs(exact).max()
z = ((gradients.mean(0) - exact) / np.where(noisy, error, 1))[noisy]
fits.check(np.abs(z).max() < 4.8 and np.abs(z.std() - 1) < 0.3,
           f"its gradient: {np.abs(z).max():.2f} at most of {z.size}")
bounds = {draws: np.mean([iwae(phi, draws, seed) for seed in range(200)])
          for draws in (1, 5, 50)}
fits.check(elbo - 3 < bounds[1] < bounds[5] < bounds[50] < truth,
           "more draws, a higher bound: " + ", ".join(
               f"{v:.1f}" for v in bounds.values()) + f", at most {truth:.1f}")

# Training on it. What is reported is the bound of as many draws.
np.save(output / "x.npy", x)
fits.vi_fit(fits.EXAMPLES / "ppca" / "model.mlir", "--data",
            f"x={output}/x.npy", "--epochs", 3, "--batch-size", 10,
            "--importance-samples", 5, "--output", output / "fit")
summary = json.loads((output / "fit" / "summary.json").read_text())
fits.check(np.isfinite(summary["bound_per_datum"]), "training goes")
fits.finish()
