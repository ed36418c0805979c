# A one-dimensional linear autoencoder reaches the maximum likelihood, which is
# known in closed form: x is normal with mean b and variance a^2 + sigma^2, so the
# best b is the mean of the data and the best a^2 + sigma^2 their variance, and the
# encoder can be the posterior. Full batch by vi-fit; minibatches of three and one
# by SciPy on the compiled functions: each batch with its scale N / B, weighted by
# B / N, so that their sum is the full objective. Without the scale, or with an
# encoder that learns nothing, another point or value comes out.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && vi-opt --emit=shared %S/Inputs/linear-vae/model.mlir -o %t/model.so && %python %s %t

import ctypes
import json
import pathlib
import sys

import numpy as np
import scipy.optimize

import fits

inputs = pathlib.Path(__file__).parent / "Inputs" / "linear-vae"
output = pathlib.Path(sys.argv[1])
x = np.array(json.loads((inputs / "data.json").read_text())["x"])
mean, variance = x.mean(), x.var()
evidence = -x.size * (np.log(2 * np.pi * variance) + 1) / 2


def check_solution(what, elbo, a, b, sigma, w, c, s):
    fits.check(abs(elbo - evidence) <= 1e-6,
               f"{what}: ELBO - maximum likelihood = {elbo - evidence:.1e}")
    fits.check(abs(b - mean) <= 1e-3 and abs(a ** 2 + sigma ** 2 - variance)
               <= 2e-3, f"{what}: mean {b:.5f} of {mean:.5f}, variance "
               f"{a ** 2 + sigma ** 2:.5f} of {variance:.5f}")
    # The encoder is the posterior.
    fits.check(abs(w - a / (a ** 2 + sigma ** 2)) <= 2e-3
               and abs(c + w * b) <= 4e-3
               and abs(s ** 2 - sigma ** 2 / (a ** 2 + sigma ** 2)) <= 2e-3,
               f"{what}: the encoder is the posterior")


# Full batch.
summary = fits.fit(output / "full", inputs / "model.mlir", "--data",
                   inputs / "data.json")
found = json.loads((output / "full" / "parameters.json").read_text())
check_solution("full batch", summary["elbo"], found["a"], found["b"],
               np.exp(found["sigma"]), found["w"], found["c"],
               np.exp(found["s"]))

# Minibatches.
library = ctypes.CDLL(str(output / "model.so"))
doubles = np.ctypeslib.ndpointer(dtype=float, flags="C_CONTIGUOUS")
size = ctypes.c_int64
library.linear_vae_initial.restype = None
gradient_function = library.linear_vae_elbo_gradient
gradient_function.restype = ctypes.c_double
gradient_function.argtypes = [
    doubles, size, doubles, size, size, size, ctypes.c_double, doubles, size,
    size, doubles]

# Antithetic noise of unit variance: the objective is quadratic in it, so these
# two draws are exact, and so is any number of draws for what has a closed form.
noise = np.array([np.ones(x.size), -np.ones(x.size)])


def batch_gradient(phi, begin, end, scale):
    gradient = np.zeros_like(phi)
    value = gradient_function(x, x.size, phi, phi.size, begin, end, scale,
                              noise, *noise.shape, gradient)
    return value, gradient


def objective(phi, batches, scaled=True):
    value, gradient = 0, np.zeros_like(phi)
    for begin, end in batches:
        count = end - begin
        v, g = batch_gradient(phi, begin, end, x.size / count if scaled else 1)
        weight = count / x.size
        value, gradient = value + weight * v, gradient + weight * g
    return -value, -gradient


# phi: the guide's w, c, s, then the model's a, b, sigma.
start = np.array([0.3, 0, 0, 0.5, 0, 0])
whole, parts = [(0, 4)], [(0, 3), (3, 4)]
full, pieces = objective(start, whole), objective(start, parts)
fits.check(abs(full[0] - pieces[0]) < 1e-12
           and np.max(np.abs(full[1] - pieces[1])) < 1e-12,
           "the batches' objective is the full one")
step = 1e-6
numeric = [(objective(start + step * e, parts)[0]
            - objective(start - step * e, parts)[0]) / (2 * step)
           for e in np.eye(start.size)]
fits.check(np.max(np.abs(numeric - pieces[1])) < 1e-7,
           "its gradient is that of central differences")
result = scipy.optimize.minimize(objective, start, args=(parts,), jac=True,
                                 options={"gtol": 1e-9})
w, c, s, a, b, sigma = result.x
check_solution("minibatches", -result.fun, a, b, np.exp(sigma), w, c, np.exp(s))

# What the test is able to see.
unscaled = scipy.optimize.minimize(objective, start, args=(parts, False),
                                   jac=True)
value = -objective(unscaled.x, whole)[0]
fits.check(evidence - value > 1e-3, "without the scale the value is "
           f"{evidence - value:.2g} nat too low")


def detached(phi):
    value, gradient = objective(phi, parts)
    gradient[:2] = 0
    return value, gradient


stuck = scipy.optimize.minimize(detached, start, jac=True,
                                method="L-BFGS-B")
fits.check(evidence + stuck.fun > 1e-3, "a detached encoder is "
           f"{evidence + stuck.fun:.2g} nat too low")
fits.finish()
