#!/usr/bin/env python3
#===- references.py - makes the reference files of the examples' tests ----===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes test/Integration/References/NAME.json.

    /usr/bin/python3 utils/truth/references.py [--check] [--posteriordb DIR]
                                               [NAME...]

With --posteriordb, on that collection's data, into References/posteriordb.
Each file holds the best mean-field normal guide of an example on its data:
`elbo`, and for each latent site `m` and `s` (unconstrained scale), `sd` (linear
response, unconstrained scale), and under `constrained` the mean and standard
deviation of q there. With --check, nothing is written: the status is 1 where a
file differs from what is found now by more than 0.001 nat or 0.005 sd.
"""

import argparse
import json
import pathlib
import sys

import numpy as np

import meanfield
import models

# What the examples' data are called in posteriordb.
POSTERIORDB = {
    "eight_schools_centered": "eight_schools",
    "eight_schools_noncentered": "eight_schools",
    "kidiq_momiq": "kidiq",
    "kidiq_interaction": "kidiq",
    "wells": "wells_data",
    "radon_hierarchical_centered": "radon_mn",
    "radon_hierarchical_noncentered": "radon_mn",
    "glm_poisson": "GLM_Poisson_Data",
    "gaussian_mixture": "low_dim_gauss_mix",
    "ark": "arK",
}

REFERENCES = models.EXAMPLES.parent / "test" / "Integration" / "References"


def verify(model, optimum):
    """The ELBO's closed form against the density itself, by simulation."""
    random = np.random.RandomState(3)
    x = random.standard_normal((4000, model.dimension))
    x = np.concatenate([x, -x])
    values = model.log_joint(optimum["m"] + optimum["s"] * x)
    pairs = (values[:4000] + values[4000:]) / 2
    estimate = pairs.mean() + models.entropy(optimum["s"])
    error = pairs.std() / np.sqrt(4000)
    assert abs(estimate - optimum["elbo"]) < 5 * error + 1e-9, (
        estimate, optimum["elbo"], error)


def rounded(values, shape):
    values = [float(f"{v:.9g}") for v in np.atleast_1d(values)]
    return values if shape else values[0]


def make(name, path=None):
    model = models.load(name, path)
    optimum = meanfield.maximize(model)
    verify(model, optimum)
    sites = {}
    parts = [model.split(optimum[key]) for key in ("m", "s", "sd")]
    for site, m, s, sd in zip(model.sites, *parts):
        mean, spread = site.moments(np.asarray(m), np.asarray(s))
        sites[site.name] = {
            "transform": site.transform,
            "m": rounded(m, site.shape), "s": rounded(s, site.shape),
            "sd": rounded(sd, site.shape),
            "constrained": {"mean": rounded(mean, site.shape),
                            "sd": rounded(spread, site.shape)}}
        if site.transform == "logit":
            sites[site.name]["bounds"] = list(site.bounds)
    return {"elbo": float(f"{optimum['elbo']:.10g}"), "sites": sites}, optimum


def compare(old, new):
    """The largest difference, in units of what is allowed."""
    worst = abs(old["elbo"] - new["elbo"]) / 1e-3
    for name, site in new["sites"].items():
        for key in ("m", "s"):
            a, b = np.asarray(old["sites"][name][key]), np.asarray(site[key])
            worst = max(worst, np.max(np.abs(a - b) / np.asarray(site["s"]))
                        / 5e-3)
    return float(worst)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--posteriordb", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    folder, names, data = REFERENCES, models.MODELS, None
    if options.posteriordb:
        folder, names = REFERENCES / "posteriordb", POSTERIORDB
    folder.mkdir(exist_ok=True)
    status = 0
    for name in options.names or names:
        if options.posteriordb:
            data = (options.posteriordb / "data"
                    / f"{POSTERIORDB[name]}.json")
        reference, optimum = make(name, data)
        starts = optimum["elbo"] - np.array(optimum["starts"])
        print(f"{name}: elbo {optimum['elbo']:.6f}, newton decrement "
              f"{optimum['decrement']:.1e}, starts "
              + " ".join(f"{gap:.1e}" for gap in starts), flush=True)
        path = folder / f"{name}.json"
        if options.check:
            worst = compare(json.loads(path.read_text()), reference)
            print(f"  {worst:.3f} of the difference allowed")
            status |= worst > 1
        else:
            path.write_text(json.dumps(reference, indent=1) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
