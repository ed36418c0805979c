"""Compiles functions with their gradients, and differentiates numerically."""
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

C_TYPES = {np.dtype("f8"): ctypes.c_double, np.dtype("f4"): ctypes.c_float,
           np.dtype("i8"): ctypes.c_int64, np.dtype("i4"): ctypes.c_int32,
           np.dtype("?"): ctypes.c_bool}


class Library:
    """A shared library of exported functions, called by the C rules."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))

    def call(self, name, *arguments, results=()):
        """Calls a function whose first result is returned. `results` are the
        shapes of the others, which are f64; with them, all are returned."""
        passed, kept = [], []
        for argument in arguments:
            if isinstance(argument, (float, np.floating)):
                passed.append(ctypes.c_double(argument))
            elif isinstance(argument, (int, np.integer)):
                passed.append(ctypes.c_int64(argument))
            else:
                array = np.ascontiguousarray(argument)
                kept.append(array)
                pointer = ctypes.POINTER(C_TYPES[array.dtype])
                passed.append(array.ctypes.data_as(pointer))
                passed += [ctypes.c_int64(size) for size in array.shape]
        outputs = [np.full(shape, np.nan) for shape in results]
        passed += [output.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
                   for output in outputs]
        function = self.library[name]
        function.restype = ctypes.c_double
        value = function(*passed)
        return [value, *outputs] if results else value


def compile_module(vi_opt, clang, text, passes=("--vi-differentiate",)):
    """Differentiates and compiles a module."""
    directory = pathlib.Path(tempfile.mkdtemp())
    source = directory / "module.mlir"
    source.write_text(text)

    def run(*command):
        process = subprocess.run([str(c) for c in command],
                                 capture_output=True, text=True)
        if process.returncode:
            sys.exit(f"{command}:\n{process.stderr[-6000:]}")

    lowered, llvm = directory / "lowered.mlir", directory / "module.ll"
    run(vi_opt, source, *passes, "--vi-to-llvm", "-o", lowered)
    run("mlir-translate", "--mlir-to-llvmir", lowered, "-o", llvm)
    shared = directory / "module.so"
    run(clang, "-O1", "-shared", "-fPIC", "-Wno-override-module", llvm, "-lm",
        "-o", shared)
    return Library(shared)


def derivative(function, x):
    """The derivative by central differences, extrapolated to step 0 (Ridders
    1982), and an estimate of its error, rounding included."""
    shrink = 1.6
    step = max(abs(x), 1e-3) * 0.02
    scale = np.finfo(float).eps * max(abs(function(x)), 1e-300)
    table, best = [], (np.nan, np.inf)
    for i in range(9):
        high, low = x + step, x - step
        row = [(function(high) - function(low)) / (high - low)]
        noise = 4 * scale / step
        factor = shrink ** 2
        for previous in (table[-1] if table else []):
            row.append((row[-1] * factor - previous) / (factor - 1))
            factor *= shrink ** 2
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - previous))
            if error + noise < best[1]:
                best = (row[-1], error + noise)
        table.append(row)
        step /= shrink
    return best


def relative(gradient, expected):
    """The largest difference in units of the largest component."""
    scale = np.max(np.abs(expected))
    return np.max(np.abs(gradient - expected)) / (scale or 1)


def check_product(library, name, arguments, index, seed=1):
    """Compares the Hessian-vector product of `name` in argument `index` with
    differences of the gradient: 1e-6 of the sum of the absolute values that
    w'Hv is made of, for random v and w. H is symmetric, up to rounding."""
    arguments = list(arguments)
    x = np.asarray(arguments[index], float)
    rng = np.random.default_rng(seed)

    def gradient(point):
        return library.call(name + "_gradient", *arguments[:index], point,
                            *arguments[index + 1:], results=[x.shape])[1]

    def product(v):
        return library.call(name + "_product", *arguments, v,
                            results=[x.shape])[1]

    failures = []
    worst = 0.0
    for _ in range(2):
        v, w = rng.normal(size=(2, *x.shape))
        hv, hw = product(v), product(w)
        got = np.sum(w * hv)
        expected, error = derivative(
            lambda t: np.sum(w * gradient(x + t * v)), 0.0)
        scale = np.sum(np.abs(w * hv))
        if not abs(got - expected) <= 1e-6 * scale + 2 * error:
            failures.append(f"w'Hv {got}, expected {expected} +- {error}")
        if not error <= 1e-6 * scale + 1e-9 * max(1, np.abs(hv).max()):
            failures.append(f"differences too noisy: {error}, scale {scale}")
        # Each product is a sum of many terms, which may cancel.
        if not abs(got - np.sum(v * hw)) <= 1e-10 * scale + 1e-13:
            failures.append(f"w'Hv {got}, but v'Hw {np.sum(v * hw)}")
        worst = max(worst, abs(got - expected) / (scale or 1))
    print(f"{name}, second derivative: "
          + ("; ".join(failures) if failures else f"{worst:.1e}"))
    return not failures


def check_gradient(library, name, arguments, index, label=None):
    """Compares the gradient of `name` in argument `index` (an array) with
    differences: 1e-6 of the larger of a component and the largest one."""
    arguments = list(arguments)
    x = np.asarray(arguments[index], float)
    value, gradient = library.call(name + "_gradient", *arguments,
                                   results=[x.shape])
    plain = library.call(name, *arguments)
    failures = []
    if not abs(value - plain) <= 1e-12 * max(1, abs(plain)):
        failures.append(f"value {value}, expected {plain}")
    expected = np.empty_like(x)
    error = np.empty_like(x)
    for position in np.ndindex(x.shape):
        def along(t):
            moved = x.copy()
            moved[position] = t
            return library.call(name, *arguments[:index], moved,
                                *arguments[index + 1:])
        expected[position], error[position] = derivative(along, x[position])
    tolerance = 1e-6 * np.maximum(np.abs(expected),
                                  1e-2 * np.max(np.abs(expected))) + 2 * error
    wrong = ~(np.abs(gradient - expected) <= tolerance)
    # Where all derivatives are 0 there is only rounding.
    if np.any(error > 1e-6 * np.max(np.abs(expected))
              + 1e-9 * max(1, abs(plain))):
        failures.append(f"differences too noisy: {error.max()}")
    if np.any(wrong):
        failures.append(f"gradient {gradient.tolist()}, expected "
                        f"{expected.tolist()}")
    print(f"{label or name}: " + ("; ".join(failures) if failures else
          f"{relative(gradient, expected):.1e}"))
    return not failures
