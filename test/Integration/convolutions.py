# Convolutions and transposed ones of lib/Layers/layers.mlir against NumPy, and
# the gradient of a model made of them against central differences; the same
# model, and that of layers.py, in f32 against f64.
#
# REQUIRES: vi-opt, numpy, scipy
# RUN: rm -rf %t && mkdir %t && sed s/f64/f32/g %S/Inputs/layers/images.mlir > %t/images.mlir && sed s/f64/f32/g %S/Inputs/layers/model.mlir > %t/model.mlir
# RUN: vi-opt --emit=shared --include=%vi_source/lib/Layers/layers.mlir %S/Inputs/layers/images.mlir -o %t/images64.so
# RUN: vi-opt --emit=shared --include=%vi_source/lib/Layers/layers.mlir %t/images.mlir -o %t/images32.so
# RUN: vi-opt --emit=shared --include=%vi_source/lib/Layers/layers.mlir %S/Inputs/layers/model.mlir -o %t/model64.so
# RUN: vi-opt --emit=shared --include=%vi_source/lib/Layers/layers.mlir %t/model.mlir -o %t/model32.so
# RUN: %python %s %t

import ctypes
import sys

import numpy as np

import fits

size = ctypes.c_int64
random = np.random.RandomState(11)


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class Gradient:
    """The function of a compiled model, whose data are arrays."""

    def __init__(self, name, dtype, *data):
        library = ctypes.CDLL(f"{sys.argv[1]}/{name}.so")
        self.function = library.layers_elbo_gradient
        self.function.restype = ctypes.c_double
        self.data = [np.ascontiguousarray(a, dtype if a.dtype == float else None)
                     for a in data]
        self.count = len(data[0])

    def __call__(self, phi):
        gradient, noise = np.zeros_like(phi), np.zeros(1)
        arguments = []
        for array in self.data:
            # Sizes that are static in the model are arguments, too.
            arguments += [pointer(array)] + [size(n) for n in array.shape]
        value = self.function(
            *arguments, pointer(phi), size(phi.size), size(0), size(self.count),
            ctypes.c_double(1), pointer(noise), size(1), size(0),
            pointer(gradient))
        return value, gradient


def compare(name, phi, *data):
    """The results in f64, after a look at those in f32."""
    value, gradient = Gradient(name + "64", np.float64, *data)(phi)
    single, single_gradient = Gradient(name + "32", np.float32, *data)(phi)
    error = abs(single / value - 1)
    # Sums of up to a hundred products of numbers of 24 bits.
    fits.check(0 < error < 1e-5, f"{name}: value in f32 within {error:.1e}")
    error = np.abs(single_gradient - gradient).max() / np.abs(gradient).max()
    fits.check(0 < error < 2e-5, f"{name}: gradient in f32 within {error:.1e}")
    return value, gradient


count = 9
x = random.standard_normal((count, 2, 5, 5))
y = random.standard_normal((count, 2, 7, 7))
shapes = [(3, 2, 3, 3), (3,), (4, 3, 2, 2), (4,), (4, 3, 3, 2), (3,),
          (3, 2, 3, 3), (2,)]
total = sum(int(np.prod(shape)) for shape in shapes)


def convolve(x, F, b, stride=1):
    rows, columns = F.shape[2:]
    h = (x.shape[2] - rows) // stride + 1
    w = (x.shape[3] - columns) // stride + 1
    y = np.empty((len(x), len(F), h, w))
    for i in range(h):
        for j in range(w):
            window = x[:, :, stride * i:stride * i + rows,
                       stride * j:stride * j + columns]
            y[:, :, i, j] = np.tensordot(window, F, ([1, 2, 3], [1, 2, 3]))
    return y + b[:, None, None]


def convolve_transposed(x, F, b, stride=1):
    rows, columns = F.shape[2:]
    h, w = x.shape[2:]
    y = np.zeros((len(x), F.shape[1], stride * (h - 1) + rows,
                  stride * (w - 1) + columns))
    for i in range(h):
        for j in range(w):
            y[:, :, stride * i:stride * i + rows,
              stride * j:stride * j + columns] += np.tensordot(
                  x[:, :, i, j], F, ([1], [0]))
    return y + b[:, None, None]


def elbo(phi):
    parts, begin = [], 0
    for shape in shapes:
        n = int(np.prod(shape))
        parts.append(phi[begin:begin + n].reshape(shape))
        begin += n
    F1, b1, F2, b2, F3, b3, F4, b4 = parts
    h = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    h = np.tanh(convolve(h, F1, b1, 2))
    h = np.tanh(convolve(h, F2, b2))
    h = np.tanh(convolve_transposed(h, F3, b3))
    mean = convolve_transposed(h[:, :, 1:], F4, b4, 2)
    return -((y - mean) ** 2).sum() / 2 - y.size * np.log(2 * np.pi) / 2


phi = 0.4 * random.standard_normal(total)
value, gradient = compare("images", phi, x, y)
fits.check(abs(value - elbo(phi)) < 1e-10 * abs(value),
           f"images: value {value:.6f}, NumPy's {elbo(phi):.6f}")
step = 1e-6
numeric = np.array([(elbo(phi + step * e) - elbo(phi - step * e)) / (2 * step)
                    for e in np.eye(total)])
error = np.abs(numeric - gradient).max() / np.abs(gradient).max()
fits.check(error < 1e-7, f"images: gradient within {error:.1e}")

layers_total = 20 + 48 + 8 + 8 + 8 + 32 + 4 + 12 + 3
compare("model", 0.5 * random.standard_normal(layers_total),
        random.standard_normal((40, 6)), random.randint(0, 5, 40),
        random.standard_normal((40, 3)))
fits.finish()
