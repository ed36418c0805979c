# The layers of lib/Layers/layers.mlir against NumPy, and the gradient of a model made
# of them against central differences; weights at random as the text says.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && vi-opt --emit=shared --include=%vi_source/lib/Layers/layers.mlir %S/Inputs/layers/model.mlir -o %t/model.so && %python %s %t

import ctypes
import pathlib
import sys

import numpy as np
import scipy.special

import fits

library = ctypes.CDLL(sys.argv[1] + "/model.so")
doubles = np.ctypeslib.ndpointer(dtype=float, flags="C_CONTIGUOUS")
indices = np.ctypeslib.ndpointer(dtype=np.int64, flags="C_CONTIGUOUS")
size = ctypes.c_int64
random = np.random.RandomState(11)
count = 40
x = random.standard_normal((count, 6))
group = random.randint(0, 5, count)
y = random.standard_normal((count, 3))
shapes = {"table": (5, 4), "W1": (8, 6), "b1": (8,), "gain": (8,), "bias": (8,),
          "W2": (4, 8), "b2": (4,), "W3": (3, 4), "b3": (3,)}
total = sum(int(np.prod(shape)) for shape in shapes.values())


def initial(seed):
    phi = np.zeros(total)
    function = library.layers_initial
    function.restype = None
    function.argtypes = [doubles, size, size, indices, size, doubles, size, size,
                         size, doubles]
    function(x, count, 6, group, count, y, count, 3, seed, phi)
    return phi


def take_apart(phi):
    parts, offset = {}, 0
    for name, shape in shapes.items():
        n = int(np.prod(shape))
        parts[name] = phi[offset:offset + n].reshape(shape)
        offset += n
    return parts


def elbo(phi):
    p = take_apart(phi)
    h = x @ p["W1"].T + p["b1"]
    h = ((h - h.mean(1, keepdims=True))
         / np.sqrt(h.var(1, keepdims=True) + 1e-5)) * p["gain"] + p["bias"]
    h = h * scipy.special.ndtr(h)
    h = h @ p["W2"].T + p["b2"] + p["table"][group]
    h = np.maximum(h, 0.01 * h)
    h = h * scipy.special.expit(h)
    h = scipy.special.log_softmax(h, 1)
    h = np.tanh(h) + np.log1p(np.exp(h)) + np.maximum(h, 0)
    mean = scipy.special.expit(h @ p["W3"].T + p["b3"])
    return -((y - mean) ** 2).sum() / 2 - y.size * np.log(2 * np.pi) / 2


gradient_function = library.layers_elbo_gradient
gradient_function.restype = ctypes.c_double
gradient_function.argtypes = [doubles, size, size, indices, size, doubles, size,
                              size, doubles, size, size, size, ctypes.c_double,
                              doubles, size, size, doubles]


def compiled(phi):
    gradient = np.zeros_like(phi)
    value = gradient_function(x, count, 6, group, count, y, count, 3, phi, total,
                              0, count, 1.0, np.zeros(1), 1, 0, gradient)
    return value, gradient


phi = initial(5)
parts = take_apart(phi)
fits.check(np.all(parts["gain"] == 1) and np.all(parts["bias"] == 0),
           "what is given is where it starts")
fits.check(np.array_equal(phi, initial(5)) and not np.array_equal(
    phi, initial(6)), "random weights are functions of the seed")
phi = phi + 0.1 * random.standard_normal(total)
value, gradient = compiled(phi)
fits.check(abs(value - elbo(phi)) < 1e-9 * abs(value),
           f"value {value:.6f}, NumPy's {elbo(phi):.6f}")
step = 1e-6
numeric = np.array([(elbo(phi + step * e) - elbo(phi - step * e)) / (2 * step)
                    for e in np.eye(total)])
error = np.abs(numeric - gradient).max() / np.abs(gradient).max()
fits.check(error < 1e-7, f"gradient within {error:.1e}")

# Moments of the random weights over many seeds: the fourth one as well, which
# tells uniform from normal.
draws = np.array([initial(seed) for seed in range(400)])
for name, variance, kurtosis in [("table", 0.5 ** 2, 3), ("W1", 2 / 14, 1.8),
                                 ("W2", 2 / 8, 3), ("W3", 2 / 4, 1.8)]:
    w = np.concatenate([take_apart(d)[name].ravel() for d in draws])
    n = w.size
    z = (w.var() / variance - 1) / np.sqrt((kurtosis - 1) / n)
    fits.check(abs(z) < 4.5, f"{name}: variance {w.var():.4f} of {variance:.4f}")
    found = np.mean(w ** 4) / np.mean(w ** 2) ** 2
    fits.check(abs(found - kurtosis) < 0.25, f"{name}: kurtosis {found:.2f}")
    fits.check(abs(w.mean()) < 4.5 * np.sqrt(variance / n), f"{name}: mean 0")
fits.finish()
