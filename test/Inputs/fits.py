#===- fits.py - runs vi-fit and judges its results ------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""What the tests of whole fits share. A failed check is reported and counted;
`finish` ends the test."""

import csv
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

SOURCE = pathlib.Path(os.environ["VI_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["VI_BUILD_DIR"])
EXAMPLES = SOURCE / "examples"
sys.path.insert(0, str(SOURCE / "utils" / "truth"))

failures = 0


def check(condition, message):
    global failures
    print(("ok    " if condition else "FAIL  ") + message)
    failures += not condition


def finish():
    sys.exit(1 if failures else 0)


def vi_fit(*arguments, status=0, cwd=None):
    """Runs vi-fit and returns its output; the exit status must be `status`, or
    one of several."""
    allowed = (status,) if isinstance(status, int) else status
    command = [str(BUILD / "bin" / "vi-fit")] + [str(a) for a in arguments]
    print("$", " ".join(command), flush=True)
    result = subprocess.run(command, text=True, capture_output=True, cwd=cwd)
    if result.returncode not in allowed:
        print(result.stdout + result.stderr)
        sys.exit(f"status {result.returncode}, not {status}")
    return result.stdout + result.stderr


def example_arguments(name, data=None):
    """The model and the data of an example, as vi-fit takes them."""
    import models
    path = data or models.data_file(name)
    argument = f"x={path}" if str(path).endswith(".npy") else path
    result = [EXAMPLES / name / "model.mlir", "--data", argument]
    # The hand-written guide of this example is exact and has a test of its own.
    if name == "bernoulli_beta":
        result += ["--guide", "meanfield"]
    return result


def fit(output, *arguments, status=0):
    """Fits into the directory `output` and returns summary.json."""
    vi_fit(*arguments, "--output", output, "--quiet", status=status)
    return json.loads((pathlib.Path(output) / "summary.json").read_text())


def read_draws(output):
    """The columns of draws.csv by name."""
    with (pathlib.Path(output) / "draws.csv").open(newline="") as file:
        rows = list(csv.reader(line for line in file
                               if not line.startswith("#")))
    table = np.array(rows[1:], float)
    return {name: table[:, k] for k, name in enumerate(rows[0])}


def moments_to_location(transform, bounds, mean, sd):
    """The location of the normal, on the unconstrained scale, whose image has
    this mean and standard deviation: whatever covariance a summary shows, the
    location is the guide's."""
    if transform == "identity":
        return mean
    if transform == "log":
        return np.log(mean) - np.log1p((sd / mean) ** 2) / 2
    import models
    import scipy.optimize
    low, high = bounds
    site = models.Site("", transform=transform, bounds=bounds)

    def residual(p):
        got = site.moments(p[0], np.exp(p[1]))
        return [(got[0] - mean) / sd, np.log(got[1] / sd)]

    start = site.unconstrain(mean)
    slope = (mean - low) * (high - mean) / (high - low)
    return scipy.optimize.fsolve(residual, [start, np.log(sd / slope)],
                                 xtol=1e-12)[0]


def check_reference(summary, reference):
    """Against the best mean-field optimum: means within 0.05 sd, sds within
    2 %, the ELBO within 0.01 nat."""
    check(summary["converged"], "converged")
    allowed = 0.01 + 3 * summary["elbo_mcse"]
    difference = summary["elbo"] - reference["elbo"]
    check(abs(difference) <= allowed, f"elbo {summary['elbo']:.4f}: "
          f"{difference:+.4f} of the optimum, {allowed:.4f} allowed")
    for name, truth in reference["sites"].items():
        site = summary["sites"].get(name)
        if site is None:
            check(False, f"no site {name}")
            continue
        mean, sd, sd_q = (np.atleast_1d(np.asarray(site[key], float)).ravel()
                          for key in ("mean", "sd", "sd_q"))
        m, s = (np.atleast_1d(truth[key]) for key in ("m", "s"))
        if mean.shape != m.shape:
            check(False, f"{name} has {mean.size} elements, not {m.size}")
            continue
        bounds = truth.get("bounds", (0, 1))
        location = np.array([moments_to_location(truth["transform"], bounds, *v)
                             for v in zip(mean, sd)])
        error = np.max(np.abs(location - m) / s)
        check(error <= 0.05, f"{name}: means within {error:.5f} sd")
        expected = np.atleast_1d(truth["constrained"]["sd"])
        error = np.max(np.abs(sd_q / expected - 1))
        check(error <= 0.02, f"{name}: sd_q within {100 * error:.3f} %")


def guide_of(output, model):
    """m and s of a mean-field guide from parameters.json, which is on the
    unconstrained scale."""
    parameters = json.loads(
        (pathlib.Path(output) / "parameters.json").read_text())
    parts = [[np.ravel(np.asarray(parameters[f"{site.name}.{key}"], float))
              for site in model.sites] for key in ("loc", "scale")]
    return np.concatenate(parts[0]), np.exp(np.concatenate(parts[1]))


def check_optimum(output, model, reference):
    """The exact ELBO at the parameters found, where it has a closed form."""
    if not hasattr(model, "elbo"):
        return
    value = model.elbo(*guide_of(output, model))
    gap = reference["elbo"] - value
    check(-1e-6 <= gap <= 0.01,
          f"the exact elbo of the guide found is {gap:.6f} nat below the best")


def check_density(output, model):
    """log_p__ of each draw against the density written independently."""
    draws = read_draws(output)
    columns = []
    for site in model.sites:
        names = ([f"{site.name}.{k + 1}" for k in range(site.count)]
                 if site.shape else [site.name])
        columns += [site.unconstrain(draws[name]) for name in names]
    u = np.stack(columns, 1)[:200]
    expected = model.log_joint(u)
    got = draws["log_p__"][:200]
    error = np.max(np.abs(got - expected) / (1 + np.abs(expected)))
    # Of an approximation, or of a matrix of a large condition number.
    tolerance = getattr(model, "tolerance", None)
    if tolerance is None:
        check(error < 1e-9, f"log_p__ of draws within {error:.1e} (relative)")
        return
    error = np.max(np.abs(got - expected))
    check(error < tolerance, f"log_p__ of draws within {error:.1e}")


def check_elbo(summary, output, model, draws):
    """The ELBO against Monte Carlo by the density written independently, with so
    many antithetic pairs of draws from the mean-field guide that was found:
    within 4 standard errors of both, and what the summary says that it is off
    beside that."""
    m, s = guide_of(output, model)
    random = np.random.default_rng(31)
    constant = np.sum(np.log(s)) + m.size / 2 * np.log(2 * np.pi)
    total = square = 0.0
    batch = max(1, min(1000, draws))
    pairs = draws // batch * batch
    # About the first value, so that squares keep their digits.
    origin = model.log_joint(m[None])[0]
    for _ in range(pairs // batch):
        z = random.standard_normal((batch, m.size))
        with np.errstate(all="ignore"):
            values = (model.log_joint(m + s * z) + model.log_joint(m - s * z)
                      - 2 * origin) / 2 + np.sum(z ** 2, 1) / 2
        total += values.sum()
        square += (values ** 2).sum()
    mean = total / pairs
    error = np.sqrt(max(0.0, square / pairs - mean ** 2) / (pairs - 1))
    difference = summary["elbo"] - (origin + mean + constant)
    allowed = (4 * np.hypot(error, summary["elbo_mcse"])
               + summary["elbo_error_bound"] + 1e-10 * abs(summary["elbo"]))
    check(abs(difference) <= allowed, f"elbo {summary['elbo']:.4f}: "
          f"{difference:+.5f} of {pairs} pairs of draws, {allowed:.5f} allowed")
