# A normal of low rank plus diagonal is exact where the posterior is one: of three
# latents and rank 1 it has as many numbers as the covariance. And between the
# families that it stands between: its ELBO is no less than that of independent
# normals, and no more than that of a normal with all correlations, which rank
# n - 1 attains.
#
# REQUIRES: vi-fit, numpy
# RUN: rm -rf %t && mkdir %t && %python %s %t

import json
import pathlib
import sys

import numpy as np

import fits

output = pathlib.Path(sys.argv[1])
model = pathlib.Path(__file__).parent / "Inputs" / "low-rank" / "model.mlir"
b = np.array([1, -2, 0.5])
covariance = np.diag([1, 2, 0.5]) + np.outer(b, b)


def fit(name, *options):
    return fits.fit(output / name, model, *options)


# The evidence of a prior alone is 1. The Newton decrement is 1e-4 at most: half
# of its square is far below.
summary = fit("rank1", "--guide=lowrank", "--rank=1")
fits.check(abs(summary["elbo"]) <= 1e-6, f"rank 1: ELBO {summary['elbo']:.1e}")
site = summary["sites"]["u"]
sd = np.sqrt(np.diag(covariance))
fits.check(np.max(np.abs(site["mean"] - np.array([1, -2, 3])) / sd) <= 1e-3,
           f"rank 1: mean {site['mean']}")
fits.check(np.max(np.abs(site["sd_q"] / sd - 1)) <= 1e-3,
           f"rank 1: sd of q {site['sd_q']}")
found = fits.read_draws(output / "rank1")
draws = np.array([found[f"u.{i}"] for i in (1, 2, 3)])
error = np.max(np.abs(np.cov(draws) - covariance) / np.outer(sd, sd))
fits.check(error <= 0.01, f"rank 1: covariance of draws within {error:.1e}")

independent = fit("independent", "--guide=meanfield")["elbo"]
gap = 0.5 * (np.log(np.diag(np.linalg.inv(covariance))).sum()
             + np.linalg.slogdet(covariance)[1])
fits.check(abs(independent + gap) <= 1e-6,
           f"independent: ELBO {independent:.6f}, exactly {-gap:.6f}")

# The schools: 10 latents.
schools = fits.EXAMPLES / "eight_schools_noncentered"
arguments = (schools / "model.mlir", "--data", schools / "data.json")
elbos = {}
for name, options in (("meanfield", ()), ("lowrank", ("--rank=2",)),
                      ("fullrank", ())):
    # Not all families have an optimum that is a strict one.
    fits.vi_fit(*arguments, f"--guide={name}", *options, "--quiet", "--output",
                output / name, status=(0, 3))
    elbos[name] = json.loads((output / name / "summary.json").read_text())["elbo"]
fits.check(elbos["meanfield"] - 0.01 <= elbos["lowrank"]
           <= elbos["fullrank"] + 0.01, f"schools: {elbos}")
fits.check("--rank is for --guide=lowrank" in fits.vi_fit(
    *arguments, "--rank=2", status=2), "a rank without its family")
fits.finish()
