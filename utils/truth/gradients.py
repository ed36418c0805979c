#!/usr/bin/env python3
#===- gradients.py - gradients of posteriordb's densities -----------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Compares the compiled log density of each of posteriordb's models, and its
gradient, with the density written in NumPy and central differences of that, at
random points of the unconstrained scale.

    VI_SOURCE_DIR=. VI_BUILD_DIR=build PYTHONPATH=test/Inputs \\
      /usr/bin/python3 utils/truth/gradients.py [POSTERIOR...]

The ELBO of a point is the density there. The data are those of
$VI_POSTERIORDB or ../shared/data/posteriordb; without them, there is a message,
and nothing is compared.
"""

import json
import os
import pathlib
import sys
import tempfile

import numpy as np

import fits
import posteriors

folder = pathlib.Path(os.environ.get(
    "VI_POSTERIORDB",
    fits.SOURCE.resolve().parent / "shared" / "data" / "posteriordb"))


def unflatten(model, u):
    """As parameters.json has them."""
    result = {}
    for site, part in zip(model.sites, model.split(u)):
        result[f"{site.name}.loc"] = np.asarray(part, float).tolist()
    return result


def differences(model, u):
    """Central differences of fourth order."""
    steps = 1e-3 * np.maximum(1, np.abs(u)) * np.eye(u.size)
    points = np.concatenate([u + steps, u - steps, u + 2 * steps,
                             u - 2 * steps])
    values = np.concatenate([model.log_joint(point[None])
                             for point in points]).reshape(4, u.size)
    return ((8 * (values[0] - values[1]) - (values[2] - values[3]))
            / (12 * np.diag(steps)))


def compare(posterior):
    model = posteriors.load(folder, posterior)
    random = np.random.RandomState(5)
    for number in range(2):
        u = 0.3 * random.standard_normal(model.dimension)
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "parameters.json"
            path.write_text(json.dumps(unflatten(model, u)))
            got = json.loads(fits.vi_fit(
                posteriors.model_file(posterior), "--data",
                posteriors.data_file(folder, posterior), "--guide=delta",
                "--evaluate", path))
        value = model.log_joint(u[None])[0]
        gradient = np.concatenate([
            np.ravel(got["gradient"][f"{site.name}.loc"])
            for site in model.sites])
        expected = differences(model, u)
        value_error = abs(got["elbo"] - value) / (1 + abs(value))
        gradient_error = (np.max(np.abs(gradient - expected))
                          / (1 + np.max(np.abs(expected))))
        # Densities with differential equations are approximations, and another
        # one here.
        is_approximate = getattr(model, "tolerance", 0) > 1e-4
        fits.check(value_error <= (1e-4 if is_approximate else 1e-11),
                   f"{posterior}: log density within {value_error:.1e}")
        fits.check(gradient_error <= (1e-3 if is_approximate else 1e-7),
                   f"{posterior}: gradient within {gradient_error:.1e}")


if not (folder / "data").is_dir():
    print(f"no posteriordb at {folder}: nothing is compared")
    sys.exit(0)
for name in sys.argv[1:] or posteriors.POSTERIORS:
    compare(name)
fits.finish()
