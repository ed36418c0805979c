#===- measure.py - one measurement in its own process -------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Measures one system at one configuration and writes a row.

    measure.py WORKLOAD CONFIGURATION-NUMBER SYSTEM THREADS OUTPUT [--quick]

`run.py` starts it with the threads pinned. OUTPUT gets a JSON object: the
fields of the row, and under "times_us" every repetition's time. The system
`reference` computes, in f64 by JAX, what the others are compared with.
"""

import dataclasses
import importlib
import json
import pathlib
import sys
import time
import traceback

import numpy as np
import workload as workloads

SYSTEMS = {"vi-mlir": "vi_mlir", "jax": "jax", "pytorch-eager": "pytorch",
           "pytorch-compile": "pytorch", "stan": "stan"}
FITS = {"vi-mlir-fit": "vi_mlir", "stan-fit": "stan", "numpyro-fit": "numpyro",
        "pymc-fit": "pymc"}

# Relative to the largest component of the gradient, and for values to the
# value: sums of up to a million terms of either sign.
TOLERANCE = {"f64": 1e-8, "f32": 2e-3}

# How long repetitions are timed, and with --quick.
SECONDS = {False: 0.7, True: 0.1}


class Mismatch(Exception):
    pass


def compare(got, expected, precision):
    """Refuses results that are not those of the reference."""
    tolerance = TOLERANCE[precision]
    (value, gradient), (value0, gradient0) = got, expected
    if not abs(value - value0) <= tolerance * max(1, abs(value0)):
        raise Mismatch(f"ELBO {value!r}, expected {value0!r}")
    error = np.abs(gradient - gradient0)
    largest = np.abs(gradient0).max()
    worst = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
    if not error[worst] <= tolerance * largest:
        raise Mismatch(f"gradient[{worst}] {gradient[worst]!r}, expected "
                       f"{gradient0[worst]!r}; the largest is {largest!r}")
    return float(error[worst] / largest)


def status(name):
    """A field of /proc/self/status, in MiB."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return None


def reset_peak():
    """Makes the peak of memory what is resident now, where that is allowed."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def sample(call, gradients, seconds):
    """Times of a gradient in microseconds: calls are repeated in blocks of at
    least two milliseconds until `seconds` have passed, 11 blocks at least."""
    call()
    begin = time.perf_counter()
    call()
    once = time.perf_counter() - begin
    block = max(1, min(100_000, int(2e-3 / max(once, 1e-8))))
    times, start = [], time.perf_counter()
    while (len(times) < 11 or time.perf_counter() - start < seconds) and (
            len(times) < 1000):
        if len(times) >= 5 and time.perf_counter() - start > 10 * seconds:
            break
        begin = time.perf_counter()
        for _ in range(block):
            call()
        times.append(1e6 * (time.perf_counter() - begin) / block / gradients)
    return times


def times_of(program, seconds):
    """The times of the fastest way in which the program can be run."""
    # Python's part of a call must not count for what runs in a nanosecond.
    begin = time.perf_counter()
    program.run(1)
    program.run(1)
    once = (time.perf_counter() - begin) / 2
    count = max(1, min(1000, int(1e-3 / max(once, 1e-8))))
    best = sample(lambda: program.run(count), count, seconds)
    for gradients, call in getattr(program, "alternatives", list)():
        times = sample(call, gradients, seconds)
        if np.median(times) < np.median(best):
            best = times
    return best


def file_name(w, configuration):
    sizes = "-".join(map(str, configuration.size.values()))
    return f"{w.name}-{sizes}-{configuration.precision}"


def reference_path(cache, w, configuration):
    return cache / (f"{file_name(w, configuration)}-{configuration.samples}"
                    ".reference.npz")


def load_data(cache, w, configuration):
    """The data, generated once."""
    path = cache / f"{file_name(w, configuration)}.data.npz"
    if not path.exists():
        data = w.generate(configuration)
        temporary = path.with_suffix(".part.npz")
        np.savez(temporary, **data)
        temporary.rename(path)
    with np.load(path) as file:
        return {k: file[k] if file[k].ndim else file[k].item()
                for k in file.files}


def make_reference(cache, w, configuration):
    module = importlib.import_module("peers.jax")
    exact = dataclasses.replace(configuration, precision="f64")
    data = {k: v.astype(np.float64)
            if getattr(v, "dtype", None) == np.float32 else v
            for k, v in load_data(cache, w, configuration).items()}
    program = module.Program(w, exact, data)
    phi, noise = w.start(configuration)
    program.bind(phi, noise)
    value, gradient = program.evaluate()
    result = {"value": value, "gradient": gradient}
    if w.guide is not None:
        result["joint_point"] = 0.1 * noise[0]
        _, result["joint_gradient"] = program.log_joint(result["joint_point"])
    path = reference_path(cache, w, configuration)
    temporary = path.with_suffix(".part.npz")
    np.savez(temporary, **result)
    temporary.rename(path)


def measure(cache, w, configuration, system, threads, quick):
    data = load_data(cache, w, configuration)
    phi, noise = w.start(configuration)
    with np.load(reference_path(cache, w, configuration)) as file:
        expected = dict(file)
    module = importlib.import_module("peers." + SYSTEMS[system])
    before = status("VmRSS")
    reset_peak()
    program = module.Program(w, configuration, data, system, threads)
    program.bind(phi, noise)
    if hasattr(program, "measure"):
        row = program.measure(expected, compare, SECONDS[quick])
        return dict(row, gradient_us=float(np.median(row["times_us"])))
    got = program.evaluate()
    value, error = got[0], compare(
        got, (float(expected["value"]), expected["gradient"]),
        configuration.precision)
    times = times_of(program, SECONDS[quick])
    peak = status("VmHWM")
    return {"gradient_us": float(np.median(times)),
            "compile_s": program.compile_s, "peak_mib": peak,
            "growth_mib": peak - before, "value": value, "error_rel": error,
            "times_us": times}


def main():
    name, number, system, threads, output = sys.argv[1:6]
    quick = "--quick" in sys.argv[6:]
    cache = pathlib.Path(output).resolve().parent
    w = workloads.Workload(name)
    configuration = w.configurations(quick)[int(number)]
    try:
        if system == "pytorch-warm-up":
            importlib.import_module("peers.pytorch").warm_up()
            row = {}
        elif system == "reference":
            make_reference(cache, w, configuration)
            row = {}
        elif system in SYSTEMS:
            row = measure(cache, w, configuration, system, int(threads), quick)
        else:
            module = importlib.import_module("peers." + FITS[system])
            data = load_data(cache, w, configuration)
            row = module.fit(w, configuration, data, quick)
    except Exception as error:
        traceback.print_exc()
        row = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
    pathlib.Path(output).write_text(json.dumps(row, allow_nan=False))


if __name__ == "__main__":
    main()
