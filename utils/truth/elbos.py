#!/usr/bin/env python3
#===- elbos.py - whole ELBOs against Monte Carlo --------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Compares the ELBO of the mean-field fit of every example, and of every model of
posteriordb, with that of Monte Carlo by the density written in NumPy: within 4
standard errors, and the error that vi-fit says.

    VI_SOURCE_DIR=. VI_BUILD_DIR=build PYTHONPATH=test/Inputs \\
      /usr/bin/python3 utils/truth/elbos.py [--draws COUNT] [NAME...]

There are 10^7 draws, half of them mirrored, or COUNT. The data of posteriordb are
those of $VI_POSTERIORDB or ../shared/data/posteriordb; without them, there is a
message, and the examples alone are compared.
"""

import argparse
import os
import pathlib
import tempfile

import fits
import models
import posteriors

parser = argparse.ArgumentParser()
parser.add_argument("names", nargs="*")
parser.add_argument("--draws", type=float, default=1e7)
options = parser.parse_args()

folder = pathlib.Path(os.environ.get(
    "VI_POSTERIORDB",
    fits.SOURCE.resolve().parent / "shared" / "data" / "posteriordb"))
cases = {name: (fits.example_arguments(name), lambda name=name: models.load(name))
         for name in models.MODELS}
if folder.is_dir():
    for name in posteriors.POSTERIORS:
        cases[name] = ([posteriors.model_file(name), "--data",
                        posteriors.data_file(folder, name)],
                       lambda name=name: posteriors.load(folder, name))
else:
    print(f"no {folder}: posteriordb's models are not compared")
for name in options.names or cases:
    arguments, load = cases[name]
    with tempfile.TemporaryDirectory() as output:
        # What has not converged has an ELBO, too.
        summary = fits.fit(output, *arguments, "--covariance=guide",
                           status=(0, 3))
        fits.check_elbo(summary, output, load(), int(options.draws) // 2)
fits.finish()
