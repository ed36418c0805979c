#===- check_posterior.py - fits one of posteriordb's posteriors -----------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""check_posterior.py POSTERIOR OUTPUT

Fits a model of examples/posteriordb to posteriordb's data. The log density of
each draw is compared with the one written in NumPy (utils/truth/posteriors.py),
the ELBO with Monte Carlo by that, and, where every |skewness| of the reference draws is at most 0.1, means and
standard deviations on the unconstrained scale with theirs. A mean that is off
by more than a standard deviation must not be called good.
"""

import argparse
import os

import numpy as np

import fits
import posteriors

parser = argparse.ArgumentParser()
parser.add_argument("posterior")
parser.add_argument("output")
options = parser.parse_args()

folder = os.environ["VI_POSTERIORDB"]
summary = fits.fit(options.output, posteriors.model_file(options.posterior),
                   "--data", posteriors.data_file(folder, options.posterior))
fits.check(summary["converged"], "converged")
for warning in summary["warnings"]:
    print("      warning:", warning)
model = posteriors.load(folder, options.posterior)
fits.check_density(options.output, model)
# utils/truth/elbos.py does so with many more draws.
fits.check_elbo(summary, options.output, model, 2000)

reference = posteriors.reference(folder, options.posterior)
moments = reference["unconstrained"]
draws = posteriors.reference_coordinates(
    reference, fits.read_draws(options.output))
mean, sd = np.array(moments["mean"]), np.array(moments["sd"])
mean_error = np.max(np.abs(draws.mean(0) - mean) / sd)
sd_error = np.max(np.abs(draws.std(0) / sd - 1))
skewness = np.max(np.abs(moments["skew"]))
print(f"      of the reference draws: skewness up to {skewness:.3f}, means "
      f"within {mean_error:.3f} sd, sds within {100 * sd_error:.1f} %")
# A fit may be off; it may not be without a word.
fits.check(mean_error <= 1 or summary["verdict"]["means"] != "good",
           f"the verdict on the means: {summary['verdict']['means']}")
if skewness <= 0.1:
    # The error of the reference draws' own moments is about 0.01 and 1 %.
    fits.check(mean_error <= 0.05, "means within 0.05 sd")
    fits.check(sd_error <= 0.05, "sds within 5 %")
fits.finish()
