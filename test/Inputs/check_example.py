#===- check_example.py - fits an example and compares with the truth ------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""check_example.py NAME OUTPUT [--data POSTERIORDB_DATA --posterior NAME]

Fits an example, on its own data or on posteriordb's, and compares with the
mean-field optimum that utils/truth/references.py has found; with --posterior,
also with the reference draws' moments where every |skewness| is at most 0.1.
"""

import argparse
import json
import os
import pathlib

import numpy as np

import fits
import models

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("output")
parser.add_argument("--data")
parser.add_argument("--posterior")
options = parser.parse_args()

references = fits.SOURCE / "test" / "Integration" / "References"
data = None
if options.data:
    folder = pathlib.Path(os.environ["VI_POSTERIORDB"])
    data = folder / "data" / f"{options.data}.json"
    references = references / "posteriordb"
reference = json.loads((references / f"{options.name}.json").read_text())
model = models.load(options.name, data)

summary = fits.fit(options.output, *fits.example_arguments(options.name, data),
                   "--seed", 1)
fits.check_reference(summary, reference)
fits.check_optimum(options.output, model, reference)
fits.check_density(options.output, model)
fits.check_elbo(summary, options.output, model, 5000)
seconds = summary["seconds"]
print(f"      {seconds['compile']:.2f} s to compile, {seconds['fit']:.2f} s to "
      f"fit, {summary['gradient_evaluations']} gradients")


def elements(summary):
    """Mean and sd by CmdStan's names."""
    result = {}
    for name, site in summary["sites"].items():
        mean, sd = (np.asarray(site[key], float) for key in ("mean", "sd"))
        for index in np.ndindex(*mean.shape):
            suffix = "[" + ",".join(str(i + 1) for i in index) + "]"
            result[name + (suffix if index else "")] = mean[index], sd[index]
    return result


if options.posterior:
    draws = json.loads((folder / "reference" /
                        f"{options.posterior}.json").read_text())
    skewness = max(abs(v) for v in draws["unconstrained"]["skew"])
    near_gaussian = skewness <= 0.1
    print(f"      largest skewness of the reference posterior {skewness:.3f}"
          + ("" if near_gaussian else ": moments are not compared"))
    if near_gaussian:
        got = elements(summary)
        worst_mean = worst_sd = 0
        for name, mean, sd in zip(draws["names"], draws["mean"], draws["sd"]):
            worst_mean = max(worst_mean, abs(got[name][0] - mean) / sd)
            worst_sd = max(worst_sd, abs(got[name][1] / sd - 1))
        fits.check(worst_mean <= 0.05,
                   f"means within {worst_mean:.4f} sd of the reference draws'")
        fits.check(worst_sd <= 0.05,
                   f"sds within {100 * worst_sd:.2f} % of the reference draws'")
fits.finish()
