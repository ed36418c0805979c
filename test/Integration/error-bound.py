# What vi-fit says of the error of the ELBO: the certificate times the number of
# data for a logistic regression; more nodes where 64 leave an error, so that the
# ELBO is that of numeric integration at the guide found; and nothing where all
# terms are in closed form or sampled.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %t
import json
import pathlib
import sys

import numpy as np
import scipy.integrate

import fits
import models

OUTPUT = pathlib.Path(sys.argv[1])
summary = fits.fit(OUTPUT / "wells", *fits.example_arguments("wells"))
count = len(models.read_data(models.data_file("wells"))["switched"])
# Each datum's softplus: 1.39e-12 + 7e-14 (2 + sd).
bound = summary["elbo_error_bound"]
fits.check(count * 1.53e-12 < bound < count * 1.6e-12,
           f"wells: {bound:.2e} of {count} data")
fits.check("elbo_error_is_estimated" not in summary, "wells: a bound")
summary = fits.fit(OUTPUT / "kidiq", *fits.example_arguments("kidiq_momiq"))
bound = summary["elbo_error_bound"]
fits.check(1.4e-12 < bound < 1.7e-12,
           f"kidiq: {bound:.2e} of the prior of a scale")

# An arctangent has its singularities at i, and the posterior sd is about 4.
model = OUTPUT / "wide.mlir"
model.write_text("""
vi.model @wide(%y: f64) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %wide = arith.constant 4.0 : f64
  %prior = vi.normal %zero, %wide : f64, f64
  %x = vi.sample "x" from %prior : f64
  %a = math.atan %x : f64
  %p = vi.normal %a, %one : f64, f64
  vi.observe "y" from %p, %y : f64, f64
}
""")
(OUTPUT / "wide.json").write_text(json.dumps({"y": 0.5}))
summary = fits.fit(OUTPUT / "wide", model, "--data", OUTPUT / "wide.json")
parameters = json.loads((OUTPUT / "wide" / "parameters.json").read_text())
m, s = parameters["x.loc"], np.exp(parameters["x.scale"])


def log_normal(x, loc, scale):
    return -0.5 * ((x - loc) / scale) ** 2 - np.log(
        scale * np.sqrt(2 * np.pi))


def integrand(x):
    q = log_normal(x, m, s)
    return np.exp(q) * (log_normal(0.5, np.arctan(x), 1)
                        + log_normal(x, 0, 4) - q)


elbo, _ = scipy.integrate.quad(integrand, m - 12 * s, m + 12 * s,
                               epsabs=1e-12, epsrel=1e-12, limit=400,
                               points=[-3, -1, 0, 1, 3])
bound = summary["elbo_error_bound"]
fits.check(summary["elbo_error_is_estimated"] and bound <= 1e-8,
           f"wide: an estimate, {bound:.1e}")
fits.check(abs(summary["elbo"] - elbo) <= bound + 1e-10,
           f"wide: the ELBO is off by {summary['elbo'] - elbo:.1e}")
fits.check(summary["elbo_mcse"] == 0, "wide: nothing is sampled")
fits.check(not any("quadrature" in w for w in summary["warnings"]),
           "wide: no warning")
fits.finish()
