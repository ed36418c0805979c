# RUN: %python %s %vi_source/benchmarks
"""Values and gradients of models on data of several chunks: the same bytes for
every number of threads, and those of plain loops over the members up to 1e-12 of
the magnitude of what they sum up."""

import ctypes
import multiprocessing
import os
import shutil
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
os.environ["VI_OPT"] = shutil.which("vi-opt")
from peers import vi_mlir  # noqa: E402
from workload import Configuration, Workload  # noqa: E402

# LLVM's OpenMP library, of which a process has one.
openmp = ctypes.CDLL("libomp.so.5")


def load(name, configuration, data, *options):
    workload = Workload(name)
    program = vi_mlir.Program(workload, configuration, data, "vi-mlir", 1)
    program.command += ["--mcpu=native", *options]
    phi, noise = workload.start(configuration)
    program.bind(phi, noise)
    return program


def evaluate(program, begin=None, end=None):
    """Value and gradient in one vector, of the members of a range."""
    names = program.names(program.gradient_name)
    first, = [n for n in names if n.endswith("_begin")]
    last, = [n for n in names if n.endswith("_end")]
    whole = program.values[first], program.values[last]
    if begin is not None:
        program.values[first], program.values[last] = begin, end
        program.call(program.gradient_name, "bind")
    value, gradient = program.evaluate()
    program.values[first], program.values[last] = whole
    program.call(program.gradient_name, "bind")
    return np.append(gradient, value)


def evaluate_plain(*arguments):
    """Value and gradient from plain loops, and the magnitude of their summands:
    of each member, it is in that of one of 50 parts."""
    count = arguments[-1]
    program = load(*arguments[:-1], "--plain-loops")
    nothing = evaluate(program, 0, 0)
    bounds = np.linspace(0, count, 51).astype(int)
    return evaluate(program), np.abs(nothing) + sum(
        np.abs(evaluate(program, int(a), int(b)) - nothing)
        for a, b in zip(bounds, bounds[1:]))


def evaluate_threads(*arguments):
    """For each number of threads those of all members, and of a minibatch, which
    has chunks of its own."""
    count = arguments[-1]
    program = load(*arguments[:-1], "--threads")
    results = []
    for threads in (1, 2, 3):
        openmp.omp_set_num_threads(threads)
        results.append((evaluate(program), evaluate(program, 7, count - 3)))
    return results


def evaluate_single(*arguments):
    program = load(*arguments[:-1])
    return evaluate(program), evaluate(program, 7, arguments[-1] - 3)


def in_process(function, *arguments):
    """A process has one library of a name."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(function, arguments)


def compare(name, size, samples=1):
    configuration = Configuration(size, "f64", samples)
    count = size.get("N", size.get("J"))
    data = Workload(name).generate(configuration)
    if name == "eight_schools":
        data = {"J": count, "y": np.resize(data["y"], count),
                "sigma": np.resize(data["sigma"], count)}
    arguments = (name, configuration, data, count)
    expected, magnitude = in_process(evaluate_plain, *arguments)
    single = in_process(evaluate_single, *arguments)
    error = np.abs(single[0] - expected)
    assert (error <= 1e-12 * magnitude).all(), (name, error / magnitude)
    for threads, result in enumerate(in_process(evaluate_threads, *arguments)):
        for got, alone in zip(result, single):
            assert got.tobytes() == alone.tobytes(), (
                name, threads + 1, np.abs(got - alone) / magnitude)


compare("radon", {"N": 20_000, "J": 40, "order": "sorted"})
compare("radon", {"N": 20_000, "J": 40, "order": "shuffled"})
compare("logistic_f64", {"N": 20_000, "D": 32})
compare("logistic_f64", {"N": 5_000, "D": 32}, samples=3)
compare("mixture", {"N": 5_000, "K": 10})
compare("poisson", {"N": 20_000, "G": 50, "D": 8}, samples=2)
# Latents of their own, whose gradients are stacks.
compare("eight_schools", {"J": 20_001})
