# The autoencoder learns: its ELBO gains over pixels without a latent at least
# 95 % of what a training written in NumPy gains (utils/truth/autoencoder.py).
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && %python %s %t

import json
import sys

import fits

reference = json.loads((fits.SOURCE / "test" / "Integration" / "References"
                        / "digits_vae.json").read_text())
fits.vi_fit(*fits.example_arguments("digits_vae"), "--batch-size", 100,
            "--iterations", 7200, "--output", sys.argv[1], "--quiet",
            "--draws", 10, status=(0, 3))
summary = json.loads(open(sys.argv[1] + "/summary.json").read())
floor = reference["independent_pixels"]
gain = (summary["elbo"] - floor) / (min(reference["elbo"]) - floor)
fits.check(gain > 0.95, f"elbo {summary['elbo']:.0f}: {100 * gain:.1f} % of "
           "the gain expected")
fits.finish()
