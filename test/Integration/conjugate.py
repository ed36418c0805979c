# log p(x) - ELBO = KL(q || p(z | x)) for conjugate models, at arbitrary q and at
# the posterior itself, where the gradient vanishes. Evidence, posterior and
# divergence are closed forms from textbooks; only the ELBO is the compiler's.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %t

import json
import pathlib
import sys

import numpy as np
from scipy.special import betaln, digamma, gammaln

import fits

MODELS = pathlib.Path(__file__).parent / "Inputs" / "conjugate"
OUTPUT = pathlib.Path(sys.argv[1])


def kl_beta(a, b, c, d):
    return (betaln(c, d) - betaln(a, b) + (a - c) * digamma(a)
            + (b - d) * digamma(b) + (c + d - a - b) * digamma(a + b))


def kl_gamma(a, b, c, d):
    return ((a - c) * digamma(a) - gammaln(a) + gammaln(c)
            + c * (np.log(b) - np.log(d)) + a * (d - b) / b)


def kl_normal(m, covariance, mean, precision):
    """KL of N(m, covariance) from N(mean, precision^-1)."""
    m, mean = np.atleast_1d(m), np.atleast_1d(mean)
    covariance = np.atleast_2d(covariance)
    precision = np.atleast_2d(precision)
    return (np.trace(precision @ covariance) - m.size
            + (m - mean) @ precision @ (m - mean)
            - np.linalg.slogdet(precision @ covariance)[1]) / 2


def evaluate(name, data, parameters):
    folder = OUTPUT / name
    folder.mkdir(exist_ok=True)
    (folder / "data.json").write_text(json.dumps(data))
    # The unconstrained scale: logarithms of positive parameters.
    (folder / "parameters.json").write_text(json.dumps(parameters))
    text = fits.vi_fit(MODELS / f"{name}.mlir", "--data", folder / "data.json",
                       "--evaluate", folder / "parameters.json")
    return json.loads(text)


def check_model(name, data, evidence, divergence, points, posterior):
    for point in points + ([posterior] if posterior else []):
        result = evaluate(name, data, point["parameters"])
        expected = divergence(*point["q"])
        error = evidence - float(result["elbo"]) - expected
        fits.check(abs(error) <= 1e-10 * max(1, abs(evidence), expected),
                   f"{name}: KL(q || posterior) = {expected:.6g}, "
                   f"log p(x) - ELBO differs by {error:.1e}")
        if point is posterior:
            largest = max(abs(float(v)) for v in result["gradient"].values())
            fits.check(largest <= 1e-9 * max(1, abs(evidence)),
                       f"{name}: the gradient at the posterior is "
                       f"{largest:.1e}")


def positive(a, b):
    return {"parameters": {"a": np.log(a), "b": np.log(b)}, "q": (a, b)}


# Beta prior, Bernoulli and binomial observations.
y = [0, 1, 0, 0, 1, 1, 0]
a, b = 2 + sum(y), 3.5 + len(y) - sum(y)
points = [positive(1, 1), positive(0.3, 7), positive(40, 12.5)]
check_model("beta_bernoulli", {"y": y}, betaln(a, b) - betaln(2, 3.5),
            lambda *q: kl_beta(*q, a, b), points, positive(a, b))

trials, y = np.array([3, 10, 1, 25]), np.array([1, 10, 0, 17])
a1, b1 = 2 + y.sum(), 3.5 + (trials - y).sum()
binomials = np.sum(gammaln(trials + 1) - gammaln(y + 1)
                   - gammaln(trials - y + 1))
check_model("beta_binomial", {"trials": trials.tolist(), "y": y.tolist()},
            binomials + betaln(a1, b1) - betaln(2, 3.5),
            lambda *q: kl_beta(*q, a1, b1), points, positive(a1, b1))

# Gamma prior, Poisson and exponential observations.
y = np.array([3, 0, 7, 2])
a2, b2 = 2 + y.sum(), 0.5 + y.size
check_model("gamma_poisson", {"y": y.tolist()},
            2 * np.log(0.5) - gammaln(2) + gammaln(a2) - a2 * np.log(b2)
            - gammaln(y + 1).sum(),
            lambda *q: kl_gamma(*q, a2, b2), points, positive(a2, b2))

y = np.array([0.31, 2.9, 0.04, 1.7, 0.66])
a3, b3 = 2 + y.size, 0.5 + y.sum()
check_model("gamma_exponential", {"y": y.tolist()},
            2 * np.log(0.5) - gammaln(2) + gammaln(a3) - a3 * np.log(b3),
            lambda *q: kl_gamma(*q, a3, b3), points, positive(a3, b3))

# Normal prior and observations of known scale.
y = np.array([0.2, -1.3, 2.4, 0.9])
marginal = 0.7 ** 2 * np.eye(y.size) + 3.0 ** 2
rest = y - 1
evidence = -(rest @ np.linalg.solve(marginal, rest)
             + np.linalg.slogdet(2 * np.pi * marginal)[1]) / 2
precision = 1 / 9 + y.size / 0.49
mean = (1 / 9 + y.sum() / 0.49) / precision


def location_scale(m, s):
    return {"parameters": {"m": m, "s": np.log(s)}, "q": (m, s)}


check_model("normal_normal", {"y": y.tolist()}, evidence,
            lambda m, s: kl_normal(m, s ** 2, mean, precision),
            [location_scale(0, 1), location_scale(-4, 0.01),
             location_scale(2.5, 30)],
            location_scale(mean, precision ** -0.5))

# A line: the posterior is correlated, and no q of the family reaches it.
x = np.array([-1.0, 0.5, 2.0, 3.5])
design = np.stack([np.ones_like(x), x], 1)
marginal = 0.25 * np.eye(x.size) + 4 * design @ design.T
line_evidence = -(y @ np.linalg.solve(marginal, y)
                  + np.linalg.slogdet(2 * np.pi * marginal)[1]) / 2
line_precision = np.eye(2) / 4 + design.T @ design / 0.25
line_mean = np.linalg.solve(line_precision, design.T @ y / 0.25)


def line(ma, sa, mb, sb):
    return {"parameters": {"a.loc": ma, "a.scale": np.log(sa),
                           "b.loc": mb, "b.scale": np.log(sb)},
            "q": (ma, sa, mb, sb)}


check_model("line", {"x": x.tolist(), "y": y.tolist()}, line_evidence,
            lambda ma, sa, mb, sb: kl_normal(
                [ma, mb], np.diag([sa ** 2, sb ** 2]), line_mean,
                line_precision),
            [line(0, 1, 0, 1), line(3, 0.2, -1, 0.05),
             line(line_mean[0], line_precision[0, 0] ** -0.5, line_mean[1],
                  line_precision[1, 1] ** -0.5)], None)

# Two successes of ten under a uniform prior: log B(3, 9).
folder = OUTPUT / "bernoulli_beta"
folder.mkdir(exist_ok=True)
(folder / "parameters.json").write_text(json.dumps({"a": np.log(3),
                                                    "b": np.log(9)}))
example = fits.EXAMPLES / "bernoulli_beta"
result = json.loads(fits.vi_fit(
    example / "model.mlir", "--data", example / "data.json", "--guide",
    "conjugate", "--evaluate", folder / "parameters.json"))
fits.check(abs(result["elbo"] - betaln(3, 9)) < 1e-10,
           f"two of ten: the ELBO at the posterior is {result['elbo']:.4f}")
fits.check(abs(betaln(3, 9) + 6.2046) < 5e-5, "log B(3, 9) = -6.2046")
# A multivariate normal prior of the means, under independent normals.
factor = np.array([[1.2, 0, 0], [0.5, 0.8, 0], [-0.4, 0.3, 0.7]])
center, y = np.array([0.2, -1.0, 0.6]), np.array([0.9, 0.1, -0.7])
prior = factor @ factor.T
marginal, rest = prior + 0.25 * np.eye(3), y - center
joint_precision = np.linalg.inv(prior) + 4 * np.eye(3)
joint_mean = np.linalg.solve(joint_precision,
                             np.linalg.solve(prior, center) + 4 * y)


def independent(m, s):
    return {"parameters": {"z.loc": list(m), "z.scale": list(np.log(s))},
            "q": (np.array(m), np.array(s))}


def largest_of(gradient):
    return max(abs(float(v)) for part in gradient.values() for v in part)


check_model("multivariate", {"m": center.tolist(), "L": factor.tolist(),
                             "y": y.tolist()},
            -(rest @ np.linalg.solve(marginal, rest)
              + np.linalg.slogdet(2 * np.pi * marginal)[1]) / 2,
            lambda m, s: kl_normal(m, np.diag(s ** 2), joint_mean,
                                   joint_precision),
            [independent([0, 0, 0], [1, 1, 1]),
             independent([0.3, -2, 5], [0.1, 2, 0.7])], None)
# The best independent normals have the posterior's means and conditional scales.
best = independent(joint_mean, np.diag(joint_precision) ** -0.5)
largest = largest_of(evaluate("multivariate", {
    "m": center.tolist(), "L": factor.tolist(), "y": y.tolist()},
    best["parameters"])["gradient"])
fits.check(largest <= 1e-12, "multivariate: the gradient at the best "
           f"independent normals is {largest:.1e}")
# With correlations q is the posterior, and nothing is sampled: within the square
# of the Newton decrement that a fit ends with, 1e-4.
summary = fits.fit(OUTPUT / "fullrank", MODELS / "multivariate.mlir", "--data",
                   OUTPUT / "multivariate" / "data.json", "--guide=fullrank")
evidence = -(rest @ np.linalg.solve(marginal, rest)
             + np.linalg.slogdet(2 * np.pi * marginal)[1]) / 2
fits.check(summary["elbo_mcse"] == summary["elbo_error_bound"] == 0
           and abs(summary["elbo"] - evidence) <= 1e-8,
           "multivariate, full-rank: log p(x) - ELBO is "
           f"{evidence - summary['elbo']:.1e}")
fits.finish()
