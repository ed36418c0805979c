# Random models (test/Inputs/random_models.py), a few in the tests and thousands
# at night: the compiled log joint density and the gradient at a point against a
# program in Python that shares nothing with the compiler, with derivatives by
# complex steps; and the mean-field ELBO and its gradient at the same draws from
# the pipeline of plain loops and from the fast one. All within 1e-12 of the sum
# of the magnitudes of the summands.
#
# REQUIRES: numpy, scipy
# RUN: rm -rf %t && %python %s %t 1 6

import pathlib
import re
import subprocess
import sys

import numpy as np

import exported
import fits
import random_models

ROOT, FIRST, LAST = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:4])
# Chains of some ten operations with condition numbers of some tens, of which
# the functions are exact to 2 to 8 ulp.
TOLERANCE = 1e-12


def whole_plates(library, function, data):
    """The arguments by which a function runs over all members of each plate."""
    sizes = library.call(library.find("_shapes"), data)[-1]
    values = {}
    for name in library.names(function):
        if (match := re.fullmatch(r"(.*)_(begin|end|scale)", name)):
            values[name] = {"begin": 0, "scale": 1,
                            "end": sizes.get(f"{match[1]}_count")}[match[2]]
    return values


def check_model(seed):
    """What is wrong with the model of a seed, or nothing."""
    model = random_models.make(seed)
    folder = ROOT / str(seed)
    folder.mkdir(parents=True)
    path = folder / "model.mlir"
    path.write_text(model.text)
    random = np.random.RandomState(seed)
    u = 0.5 * random.standard_normal(model.dimension)
    faults = []

    def compare(what, got, expected, scale):
        # A term outside of the domain is a fault of the generator.
        if not np.all(np.isfinite(expected)):
            faults.append(f"{what}: expected {expected}")
            return
        error = np.abs(got - expected) / np.maximum(scale, 1e-3)
        if not np.max(error, initial=0) <= TOLERANCE:
            faults.append(f"{what}: off by {np.max(error):.1e}, got {got}, "
                          f"expected {expected}")

    # A point for a guide: its parameters are the latents.
    point = exported.Library(path, folder / "delta", "--guide=delta",
                             "--hessian=false")
    joint, gradient = (point.find(s) for s in ("_log_joint", "_elbo_gradient"))
    expected, magnitude = model.log_joint(u)
    prepared = {**model.data, **point.prepare(model.data)}
    latents = u[:u.size - model.learned]
    compare("log joint", point.call(joint, {**prepared, "parameters": u,
                                            "latents": latents}), expected,
            magnitude)
    values = {**prepared, **whole_plates(point, gradient, model.data),
              "parameters": u, "noise": np.zeros((1, 0))}
    value, slopes = point.call(gradient, values, {"gradient": u.shape})
    compare("value", value, expected, magnitude)
    expected, magnitude = model.gradient(u)
    compare("gradient", slopes, expected, magnitude)

    # A mean-field guide, twice.
    count = u.size - model.learned
    phi = np.concatenate([latents, 0.3 * random.standard_normal(count) - 1,
                          u[count:]])
    results = []
    for name, *options in (("plain", "--plain-loops"), ("fast",)):
        library = exported.Library(path, folder / name, "--guide=meanfield",
                                   "--hessian=false", *options)
        gradient = library.find("_elbo_gradient")
        prepared = {**model.data, **library.prepare(model.data)}
        noise = np.random.RandomState(seed).standard_normal(
            (4, library.call(library.find("_shapes"), model.data)[1][
                "noise_count"]))
        values = {**prepared, **whole_plates(library, gradient, model.data),
                  "parameters": phi, "noise": noise}
        results.append(library.call(gradient, values, {"gradient": phi.shape}))
    (value, slopes), (fast_value, fast_slopes) = results
    scale = max(magnitude.max(initial=0), abs(value))
    compare("ELBO of plain and fast loops", fast_value, value, scale)
    compare("gradient of plain and fast loops", fast_slopes, slopes,
            np.maximum(np.abs(slopes), scale))
    return faults


wrong = []
for seed in range(FIRST, LAST + 1):
    try:
        faults = check_model(seed)
    except subprocess.CalledProcessError as error:
        faults = [f"{error}"]
    wrong += [(seed, fault) for fault in faults]
    for fault in faults:
        print(f"seed {seed}: {fault}", flush=True)
fits.check(not wrong, f"{LAST - FIRST + 1} random models, {len(wrong)} faults")
