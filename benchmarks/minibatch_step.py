#!/usr/bin/env python3
"""Time of one ELBO gradient on a minibatch, at several sizes of the data.

The compiled ELBO takes the range of each data plate, so that a step on a fixed
number of members should cost the same however long the data are. Logistic
regression with one covariate, mean-field guide, one draw, f64:

    minibatch_step.py --vi-opt build/bin/vi-opt [--batch 1000] [--quick]

Prints, for each size of the data, the median over repetitions, and its ratio
to the smallest size measured in the same run (rounds alternate between the
sizes, so that a change of the machine's speed falls on all of them).
"""

import argparse
import ctypes
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

MODEL = """
vi.model @logistic(%x: tensor<?xf64>, %y: tensor<?xi1>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %scale = arith.constant 2.5 : f64
  %n = tensor.dim %x, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %scale : f64, f64
  %alpha = vi.sample "alpha" from %prior : f64
  %beta = vi.sample "beta" from %prior : f64
  vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>,
                           %y_i = %y : tensor<?xi1>) {
    %slope = arith.mulf %x_i, %beta : f64
    %logits = arith.addf %alpha, %slope : f64
    %likelihood = vi.bernoulli_logits %logits : f64
    vi.observe "y" from %likelihood, %y_i : i1, i1
    vi.yield
  }
}
"""


def compile_model(vi_opt, directory):
    source = f"{directory}/logistic.mlir"
    library = f"{directory}/logistic.so"
    with open(source, "w") as file:
        file.write(MODEL)
    subprocess.run([vi_opt, source, "--emit=shared", "-o", library], check=True)
    return ctypes.CDLL(library).logistic_elbo_gradient


class Step:
    """A gradient at some members of data of one size."""

    def __init__(self, function, size, batch, generator):
        self.x = generator.normal(size=size)
        self.y = (generator.random(size) < 0.5).astype(np.uint8)
        self.parameters = np.array([0.1, -2.0, 0.2, -2.0])
        self.noise = generator.normal(size=(1, 2))
        self.gradient = np.empty(4)
        begin = size // 2
        begin -= max(0, begin + batch - size)

        def pointer(array, kind):
            return array.ctypes.data_as(ctypes.POINTER(kind))

        integer, real = ctypes.c_int64, ctypes.c_double
        self.function = function
        self.function.restype = real
        self.arguments = [
            pointer(self.x, real), integer(size),
            pointer(self.y, ctypes.c_uint8), integer(size),
            pointer(self.parameters, real), integer(4),
            integer(begin), integer(begin + batch), real(size / batch),
            pointer(self.noise, real), integer(1), integer(2),
            pointer(self.gradient, real),
        ]

    def time(self, calls):
        begin = time.perf_counter()
        for _ in range(calls):
            value = self.function(*self.arguments)
        elapsed = (time.perf_counter() - begin) / calls
        if not np.isfinite(value) or not np.isfinite(self.gradient).all():
            sys.exit("error: the ELBO is not finite")
        return elapsed


def get_machine():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vi-opt", default="build/bin/vi-opt")
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--quick", action="store_true",
                        help="sizes up to 1e5 only, few repetitions")
    options = parser.parse_args()
    sizes = [10**4, 10**5] if options.quick else [10**4, 10**5, 10**6, 10**7]
    rounds = 5 if options.quick else 51
    generator = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as directory:
        function = compile_model(options.vi_opt, directory)
        steps = [Step(function, n, options.batch, generator) for n in sizes]
        times = [[] for _ in steps]
        for _ in range(rounds):
            for step, record in zip(steps, times):
                record.append(step.time(100))
    print(f"machine: {get_machine()}")
    print(f"batch of {options.batch}, median of {rounds} rounds of 100 calls")
    print(f"{'members':>10} {'us a step':>10} {'ratio':>6}")
    first = statistics.median(times[0])
    for size, record in zip(sizes, times):
        median = statistics.median(record)
        print(f"{size:>10} {1e6 * median:>10.2f} {median / first:>6.2f}")


if __name__ == "__main__":
    main()
