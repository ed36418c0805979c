# The verdict of a fit: the evidence of conjugate models is known, a posterior
# with two modes is warned of, one that is correlated but normal is not, and
# Pareto k-hat is that of a second implementation over other draws.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %t

import json
import pathlib
import sys

import numpy as np
from scipy.special import betaln, gammaln

import fits
import psis

INPUTS = pathlib.Path(__file__).parent / "Inputs"
OUTPUT = pathlib.Path(sys.argv[1])


def fit_data(name, path, data, *options, status=0):
    folder = OUTPUT / name
    folder.mkdir(exist_ok=True)
    (folder / "data.json").write_text(json.dumps(data))
    return fits.fit(folder / "fit", path, "--data", folder / "data.json",
                    *options, status=status)


def fit_example(name, output, *options):
    return fits.fit(OUTPUT / output, *fits.example_arguments(name), *options)


def check_evidence(name, summary, evidence):
    error = float(summary["log_evidence"]) - evidence
    allowed = 4 * float(summary["log_evidence_error"]) + 1e-6
    fits.check(abs(error) <= allowed,
               f"{name}: log evidence {evidence:.5f}, off by {error:+.1e}, "
               f"{allowed:.1e} allowed")


def means_warned(summary):
    return any("means" in warning for warning in summary["warnings"])


# Evidence in closed form.
summary = fits.fit(
    OUTPUT / "beta", fits.EXAMPLES / "bernoulli_beta" / "model.mlir", "--data",
    fits.EXAMPLES / "bernoulli_beta" / "data.json", "--guide", "meanfield")
check_evidence("beta-bernoulli, normal q", summary, betaln(3, 9))
summary = fits.fit(
    OUTPUT / "conjugate", fits.EXAMPLES / "bernoulli_beta" / "model.mlir",
    "--data", fits.EXAMPLES / "bernoulli_beta" / "data.json")
check_evidence("beta-bernoulli, beta q", summary, betaln(3, 9))

y = np.array([3, 0, 7, 2])
a, b = 2 + y.sum(), 0.5 + y.size
summary = fit_data("gamma", INPUTS / "conjugate" / "gamma_poisson.mlir",
                   {"y": y.tolist()}, "--guide", "meanfield")
check_evidence("gamma-Poisson", summary,
               2 * np.log(0.5) - gammaln(2) + gammaln(a) - a * np.log(b)
               - gammaln(y + 1).sum())
fits.check(summary["verdict"]["means"] == "good", "gamma-Poisson: good means")

y = np.array([0.2, -1.3, 2.4, 0.9])
x = np.array([-1.0, 0.5, 2.0, 3.5])
design = np.stack([np.ones_like(x), x], 1)
marginal = 0.25 * np.eye(x.size) + 4 * design @ design.T
evidence = -(y @ np.linalg.solve(marginal, y)
             + np.linalg.slogdet(2 * np.pi * marginal)[1]) / 2
line = {"x": x.tolist(), "y": y.tolist()}
summary = fit_data("line", INPUTS / "conjugate" / "line.mlir", line)
check_evidence("line", summary, evidence)
fits.check([summary["verdict"][key] for key in ("means", "sds", "tails")]
           == 3 * ["good"], f"line: {summary['verdict']['reasons']}")
precision = np.eye(2) / 4 + design.T @ design / 0.25
mean = np.linalg.solve(precision, design.T @ y / 0.25)
sd = np.sqrt(np.diag(np.linalg.inv(precision)))
for i, name in enumerate("ab"):
    site = summary["sites"][name]
    fits.check(abs(site["mean_corrected"] - mean[i]) < 0.01 * sd[i]
               and abs(site["sd_corrected"] / sd[i] - 1) < 0.01,
               f"line: corrected moments of {name}")

# The same seed, the same bytes, but for the seconds; another one differs.
texts = []
for output, seed in (("one", 1), ("two", 1), ("three", 2)):
    summary = fit_data(output, INPUTS / "conjugate" / "line.mlir", line,
                       "--seed", str(seed))
    del summary["seconds"]
    texts.append(json.dumps(summary))
fits.check(texts[0] == texts[1], "the same seed gives the same summary.json")
fits.check(texts[0] != texts[2], "another seed another one")

# Two modes.
summary = fit_data("square", INPUTS / "verdict" / "square.mlir",
                   {"y": [4.2, 3.7, 3.9, 4.4]})
fits.check(means_warned(summary) and summary["verdict"]["means"] == "suspect",
           f"two modes: {summary['warnings']}")
fits.check("starts" in summary["verdict"], "says what the starts have found")
summary = fit_data("square", INPUTS / "verdict" / "square.mlir",
                   {"y": [4.2, 3.7, 3.9, 4.4]}, "--starts", "1",
                   "--init", "1.0")
fits.check("starts" not in summary["verdict"], "one start: nothing to say")

# Strong correlations, and a mean-field guide with a large k-hat.
summary = fit_example("kidiq_interaction", "kidiq")
verdict = summary["verdict"]
guide = verdict["proposals"][0]
fits.check(guide["name"] == "guide" and guide["khat"] > 0.7,
           f"kidiq_interaction: k-hat of the guide {guide['khat']:.2f}")
fits.check(not means_warned(summary) and verdict["means"] == "good",
           "kidiq_interaction: no warning about means")

# k-hat over other draws of the same distribution, and the evidence.
for name in ("kidiq_interaction", "eight_schools_noncentered"):
    summary = fit_example(name, name, "--draws", "4000")
    draws = fits.read_draws(OUTPUT / name)
    weights, khat, log_mean = psis.smooth(draws["log_p__"] - draws["log_g__"])
    error = np.hypot(summary["khat_error"], summary["khat_error"])
    fits.check(abs(khat - summary["khat"]) <= 3 * error,
               f"{name}: k-hat {summary['khat']:.2f}, in NumPy {khat:.2f}")
    size = 1 / np.sum(weights ** 2)
    fits.check(abs(size / summary["effective_sample_size"] - 1) < 0.2,
               f"{name}: {summary['effective_sample_size']:.0f} effective "
               f"draws, in NumPy {size:.0f}")
    fits.check(abs(log_mean - summary["log_evidence"])
               <= 6 * summary["log_evidence_error"] + 1e-6,
               f"{name}: the evidence agrees")

# Minibatches: nothing but q's own.
summary = fit_example("kidiq_interaction", "batches", "--batch-size", "100")
fits.check(summary["verdict"]["means"] in ("good", "suspect", "not judged")
           and all(summary["verdict"]["reasons"]), "minibatches have reasons")
fits.finish()
