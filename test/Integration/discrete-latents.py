# Fits of models with discrete latents: counts that a guide samples, by Adam on the
# score function's gradient; categories that a guide has, enumerated; the same
# model with the categories summed out, whose bound is higher. Against optima of
# the exact bounds by SciPy.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t

import json
import pathlib
import sys

import numpy as np
import scipy.optimize
import scipy.stats as stats
from scipy.special import logsumexp

import fits

output = pathlib.Path(sys.argv[1])
normal = stats.norm.logpdf


def fit(name, model, data, *options, status=0):
    (output / f"{name}.mlir").write_text(model)
    (output / f"{name}.json").write_text(json.dumps(data))
    return fits.fit(output / name, output / f"{name}.mlir", "--data",
                    output / f"{name}.json", *options, status=status)


# 1. Counts.
COUNTS = (pathlib.Path(__file__).parent / "Inputs" / "discrete"
          / "counts.mlir").read_text()
y = np.array([1.2, 4.5, 2.0])
states = np.arange(80)


def counts_elbo(eta):
    value = 0.0
    for e, datum in zip(eta, y):
        log_q = stats.poisson.logpmf(states, np.exp(e))
        value += np.exp(log_q) @ (stats.poisson.logpmf(states, 3)
                                  + normal(datum, states, 1) - log_q)
    return value


best = scipy.optimize.minimize(lambda eta: -counts_elbo(eta), np.ones(3))
summary = fit("counts", COUNTS, {"y": y.tolist()}, status=(0, 3))
fits.check(summary["method"] == "adam" and "score function"
           in summary["method_reason"], "counts: by Adam, and why")
eta = json.loads((output / "counts" / "parameters.json").read_text())["eta"]
gap = -best.fun - counts_elbo(eta)
fits.check(-1e-9 <= gap <= 0.02, f"counts: {gap:.1e} nats below the optimum")
error = abs(summary["elbo"] - counts_elbo(eta))
fits.check(error <= 4 * summary["elbo_mcse"] + 1e-3,
           f"counts: the ELBO is off by {error:.1e}")
text = fits.vi_fit(output / "counts.mlir", "--data", output / "counts.json",
                   "--optimizer=newton", status=2)
fits.check("'z' is the score function's" in text, "counts: no Newton")

# 2. Categories.
MODEL = """
vi.model @mixture(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %p = arith.constant dense<[0.5, 0.3, 0.2]> : tensor<3xf64>
  %weights = vi.categorical %p : tensor<3xf64>
  %three = arith.constant 3.0 : f64
  %wide = vi.normal %zero, %three : f64, f64
  %mu = vi.sample "mu" from %wide : f64 -> tensor<3xf64>
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    %z = vi.sample "z" from %weights : i64
    %k = arith.index_cast %z : i64 to index
    %loc = tensor.extract %mu[%k] : tensor<3xf64>
    %likelihood = vi.normal %loc, %one : f64, f64
    vi.observe "y" from %likelihood, %y_i : f64, f64
    vi.yield
  }
}
"""
GUIDE = """
vi.guide @assignments for @mixture(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %loc = vi.param "loc" real initial(dense<[-4.0, 0.0, 4.0]> : tensor<3xf64>) : tensor<3xf64>
  %scale = vi.param "scale" positive initial(0.5) : tensor<3xf64>
  %logits = vi.param "logits" real [%n] initial(0.0) : tensor<?x3xf64>
  %q_mu = vi.normal %loc, %scale : tensor<3xf64>, tensor<3xf64>
  %mu = vi.sample "mu" from %q_mu : tensor<3xf64>
  vi.plate "n" %i in %n (%l = %logits : tensor<?x3xf64>) {
    %q = vi.categorical_logits %l : tensor<3xf64>
    %z = vi.sample "z" from %q : i64
    vi.yield
  }
}
"""
random = np.random.default_rng(3)
y = np.concatenate([random.normal(-4, 1, 10), random.normal(0, 1, 6),
                    random.normal(4, 1, 4)])
prior = np.log([0.5, 0.3, 0.2])


def profile_elbo(phi):
    """The bound at the best q over the categories, which is known."""
    a, b = phi[:3], np.exp(phi[3:])
    terms = prior + normal(y[:, None], a, 1) - 0.5 * b ** 2
    return (normal(0, 0, 3) * 3 - 0.5 * (a ** 2 + b ** 2).sum() / 9
            + phi[3:].sum() + 1.5 * np.log(2 * np.pi * np.e)
            + logsumexp(terms, 1).sum())


best = scipy.optimize.minimize(lambda phi: -profile_elbo(phi),
                               [-4, 0, 4, -1, -1, -1], options={"gtol": 1e-9})
data = {"y": y.tolist()}
summary = fit("enumerated", MODEL + GUIDE, data, status=(0, 3))
fits.check(summary["elbo_mcse"] == 0, "enumerated: no term is sampled")
gap = -best.fun - summary["elbo"]
fits.check(abs(gap) <= 1e-5, f"enumerated: {gap:.1e} nats below the optimum")
enumerated = summary["elbo"]
summary = fit("summed", MODEL, data, "--max-rows=4")
fits.check(summary["elbo"] > enumerated - 1e-3,
           f"summed out: {summary['elbo'] - enumerated:.3f} nats higher")
probabilities = np.array(summary["sites"]["z.probs"]["mean"])
fits.check(probabilities.shape == (20, 3)
           and np.max(np.abs(probabilities.sum(1) - 1)) < 1e-9,
           "summed out: the categories' probabilities are reported")
text = fits.vi_fit(output / "summed.mlir", "--data", output / "summed.json",
                   "--estimator=w=score-function", status=2)
fits.check("there is no such site" in text, "an estimator of no site")

# 4. A prior that depends on what is summed out is proper, and so is the model,
# whose evidence is known; with one that is flat it is not.
MIXED = """
vi.model @mixed(%y: f64) {{
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = arith.constant 0.3 : f64
  %choice = vi.bernoulli %p : f64
  %z = vi.sample "z" from %choice : i1
  %m = arith.select %z, %one, %zero : f64
  %x_prior = vi.normal %m, %one : f64, f64
  %x = vi.sample "x" from %x_prior : f64
  {0}
  %seen = vi.normal %x, %one : f64, f64
  vi.observe "y" from %seen, %y : f64, f64
}}
"""
evidence = logsumexp(normal(0.7, [0, 1], 2 ** 0.5), b=[0.7, 0.3])
summary = fit("proper", MIXED.format(""), {"y": 0.7})
fits.check("elbo_up_to_constant" not in summary and not summary["warnings"],
           "a prior given what is summed out is proper")
fits.check(abs(summary["log_evidence"] - evidence) < 1e-3,
           f"evidence {summary['log_evidence']:.4f}, {evidence:.4f}")
summary = fit("improper", MIXED.format("""
  %factor = vi.log_prob %x_prior, %zero : f64, f64 -> f64
  vi.factor "more" %factor : f64"""), {"y": 0.7})
fits.check(summary.get("elbo_up_to_constant", False),
           "a factor that depends on it is not normalized")
fits.finish()
