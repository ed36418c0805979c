# Each estimator of a gradient against the exact one of a model where that is
# known, by sums over the values of discrete latents or by quadrature: within 4
# standard errors over 10^5 draws (argument: another number of draws).
#
# REQUIRES: numpy, scipy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t

import pathlib
import sys

import numpy as np
import scipy.stats as stats
from scipy.special import logsumexp

import exported

output = pathlib.Path(sys.argv[1])
DRAWS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
BLOCKS = 100
random = np.random.default_rng(11)
normal = stats.norm.logpdf


def compile_model(name, text, *options):
    path = output / f"{name}.mlir"
    path.write_text(text)
    return exported.Library(path, output / name, *options)


def compare(what, estimates, exact):
    """The mean of independent estimates and the exact value."""
    estimates, exact = np.asarray(estimates), np.asarray(exact)
    error = estimates.std(0, ddof=1) / np.sqrt(len(estimates))
    # Components without noise are exact up to rounding.
    bound = 4 * error + 1e-9 * (1 + np.abs(exact))
    z = np.abs(estimates.mean(0) - exact) / np.where(error > 0, error, 1)
    print(f"{what}: at most {np.max(np.where(error > 1e-12, z, 0)):.2f} standard "
          f"errors, of {np.max(error):.1e}")
    assert np.all(np.abs(estimates.mean(0) - exact) <= bound), (
        what, estimates.mean(0), exact, error)


def gradients(library, name, values, size, columns, rows=None):
    """Estimates of the ELBO and its gradient from independent noise."""
    rows = rows or DRAWS // BLOCKS
    result = []
    for _ in range(BLOCKS):
        values["noise"] = random.standard_normal((rows, columns))
        value, gradient = library.call(f"{name}_elbo_gradient", values,
                                       {"gradient": (size,)})
        result.append(np.concatenate([[value], gradient]))
    return result


def differences(function, point, h=1e-3):
    """The value and the derivatives, by central ones of sixth order."""
    point, result = np.asarray(point, float), [function(point)]
    for i in range(point.size):
        e = np.zeros_like(point)
        e[i] = h
        pairs = [function(point + k * e) - function(point - k * e)
                 for k in (1, 2, 3)]
        result.append(np.dot([45, -9, 1], pairs) / (60 * h))
    return np.array(result)


# 1. Pathwise and sticking-the-landing, of a function with a kink, which neither
# closed forms nor quadrature take.
KINK = """
vi.model @kink(%y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %one : f64, f64
  %w = vi.sample "w" from %prior : f64
  %same = arith.maximumf %w, %zero : f64
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    %likelihood = vi.normal %same, %half : f64, f64
    vi.observe "y" from %likelihood, %y_i : f64, f64
    vi.yield
  }
}
"""
y = np.array([0.3, -0.4, 1.1])
m, s = 0.2, 0.6


legendre, lengths = np.polynomial.legendre.leggauss(200)


def kink_elbo(phi, scale, data):
    m, s = phi[0], np.exp(phi[1])
    value = (-0.5 * np.log(2 * np.pi) - 0.5 * (m * m + s * s)
             + phi[1] + 0.5 * np.log(2 * np.pi * np.e))
    # On both sides of the kink.
    for low, high in ((m - 12 * s, 0.0), (0.0, m + 12 * s)):
        w = low + (high - low) * (legendre + 1) / 2
        density = np.exp(normal(w, m, s)) * lengths * (high - low) / 2
        value += scale * density @ normal(
            data[:, None], np.maximum(w, 0), 0.5).sum(0)
    return value


for estimator in ("pathwise", "sticking-the-landing"):
    library = compile_model(f"kink_{estimator.replace('-', '_')}", KINK,
                            f"--estimator={estimator}")
    for begin, end, scale in ((0, 3, 1.0), (1, 3, 1.5)):
        values = {"y": y, "parameters": np.array([m, np.log(s)]),
                  "n_begin": begin, "n_end": end, "n_scale": scale}
        values.update(library.prepare({"y": y}))
        compare(f"{estimator}, scale {scale}",
                gradients(library, "kink", values, 2, 1),
                differences(lambda phi: kink_elbo(phi, scale, y[begin:end]),
                            [m, np.log(s)]))

# 2. The score function, of counts in a plate.
COUNTS = (pathlib.Path(__file__).parent / "Inputs" / "discrete"
          / "counts.mlir").read_text()
y = np.array([1.2, 4.5, 2.0])
eta = np.array([0.4, 1.3, 0.9])
states = np.arange(80)


def counts_exact(begin, end, scale):
    value, gradient = 0.0, np.zeros(3)
    for i in range(begin, end):
        log_q = stats.poisson.logpmf(states, np.exp(eta[i]))
        f = (stats.poisson.logpmf(states, 3) + normal(y[i], states, 1) - log_q)
        value += scale * np.exp(log_q) @ f
        gradient[i] = scale * np.exp(log_q) @ (f * (states - np.exp(eta[i])))
    return np.concatenate([[value], gradient])


library = compile_model("counts", COUNTS)
for begin, end, scale in ((0, 3, 1.0), (0, 2, 1.5)):
    values = {"y": y, "parameters": eta, "n_begin": begin, "n_end": end,
              "n_scale": scale}
    values.update(library.prepare({"y": y}))
    compare(f"score function, scale {scale}",
            gradients(library, "counts", values, 3, 3),
            counts_exact(begin, end, scale))

# 3. Enumeration, and the score function by choice, of a mixture whose means are
# sampled, too: the exact gradient has no noise but theirs, which is closed.
MIXTURE = """
vi.model @mixture(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %p = arith.constant dense<[0.5, 0.3, 0.2]> : tensor<3xf64>
  %weights = vi.categorical %p : tensor<3xf64>
  %unit = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %unit : f64 -> tensor<3xf64>
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    %z = vi.sample "z" from %weights : i64
    %k = arith.index_cast %z : i64 to index
    %loc = tensor.extract %mu[%k] : tensor<3xf64>
    %likelihood = vi.normal %loc, %one : f64, f64
    vi.observe "y" from %likelihood, %y_i : f64, f64
    vi.yield
  }
}
vi.guide @assignments for @mixture(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %loc = vi.param "loc" real : tensor<3xf64>
  %scale = vi.param "scale" positive : tensor<3xf64>
  %logits = vi.param "logits" real [%n] : tensor<?x3xf64>
  %q_mu = vi.normal %loc, %scale : tensor<3xf64>, tensor<3xf64>
  %mu = vi.sample "mu" from %q_mu : tensor<3xf64>
  vi.plate "n" %i in %n (%l = %logits : tensor<?x3xf64>) {
    %q = vi.categorical_logits %l : tensor<3xf64>
    %z = vi.sample "z" from %q ATTRIBUTE : i64
    vi.yield
  }
}
"""
y = np.array([-0.5, 2.0])
loc, log_scale = np.array([-1.0, 0.3, 1.5]), np.log([0.5, 0.7, 0.4])
logits = np.array([[0.2, -0.3, 0.5], [-1.0, 0.4, 0.1]])
prior = np.log([0.5, 0.3, 0.2])


def mixture_elbo(phi, begin=0, end=2, scale=1.0):
    a, b, c = phi[:3], np.exp(phi[3:6]), phi[6:].reshape(2, 3)
    value = (normal(0.0) * 3 - 0.5 * (a ** 2 + b ** 2).sum()
             + np.log(b).sum() + 1.5 * np.log(2 * np.pi * np.e))
    for i in range(begin, end):
        log_q = c[i] - logsumexp(c[i])
        value += scale * np.exp(log_q) @ (
            prior + normal(y[i], a, 1) - 0.5 * b ** 2 - log_q)
    return value


def mixture_exact(*batch):
    phi = np.concatenate([loc, log_scale, logits.ravel()])
    return differences(lambda p: mixture_elbo(p, *batch), phi)


for what, attribute in (("enumeration", ""), (
        "score function by choice", '{vi.estimator = "score-function"}')):
    name = what.replace(" ", "_")
    library = compile_model(name, MIXTURE.replace("ATTRIBUTE", attribute))
    for begin, end, scale in ((0, 2, 1.0), (1, 2, 2.0)):
        values = {"y": y, "n_begin": begin, "n_end": end, "n_scale": scale,
                  "parameters": np.concatenate([loc, log_scale,
                                                logits.ravel()])}
        values.update(library.prepare({"y": y}))
        found = gradients(library, "mixture", values, 12, 5,
                          rows=None if attribute else 1)
        compare(f"{what}, scale {scale}", found,
                mixture_exact(begin, end, scale))
        if not attribute:
            assert np.ptp(found, 0).max() == 0, "enumeration has no noise"

# 4. The importance-weighted bound of two draws, by both of its gradients: many
# members that are alike are many estimates. Exact by a product rule.
AUTOENCODER = """
vi.model @autoencoder(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %shift = vi.param "shift" real : f64
  %prior = vi.normal %zero, %one : f64, f64
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    %z = vi.sample "z" from %prior : f64
    %loc = arith.addf %z, %shift : f64
    %likelihood = vi.normal %loc, %one : f64, f64
    vi.observe "y" from %likelihood, %y_i : f64, f64
    vi.yield
  }
}
vi.guide @encoder for @autoencoder(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %a = vi.param "a" real : f64
  %scale = vi.param "scale" positive : f64
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    %loc = arith.mulf %a, %y_i : f64
    %q = vi.normal %loc, %scale : f64, f64
    %z = vi.sample "z" from %q : f64
    vi.yield
  }
}
"""
datum, a, s, shift = 1.3, 0.2, 0.8, 0.3
nodes, weights = np.polynomial.hermite_e.hermegauss(80)
weights = weights / weights.sum()


def iwae(a, log_s, shift, nodes=nodes):
    z = a * datum + np.exp(log_s) * nodes
    w = (normal(z) + normal(datum, z + shift) - normal(nodes) + log_s)
    return weights @ (np.logaddexp(w[:, None], w) - np.log(2)) @ weights


point = np.array([a, np.log(s), shift])
exact = differences(lambda p: iwae(*p), point)
members = DRAWS // BLOCKS
noise = {}
for estimator in ("pathwise", "doubly-reparameterized"):
    library = compile_model(f"iwae_{estimator.replace('-', '_')}", AUTOENCODER,
                            f"--estimator={estimator}")
    found = []
    for seed in range(BLOCKS):
        value, gradient = library.call(
            "autoencoder_iwae_gradient",
            {"y": np.full(members, datum), "parameters": point, "samples": 2,
             "seed": seed}, {"gradient": (3,)})
        found.append(np.concatenate([[value], gradient]) / members)
    compare(f"importance-weighted, {estimator}", found, exact)
    noise[estimator] = np.std(found, 0)
# What it is for.
assert np.all(noise["doubly-reparameterized"][1:3] < noise["pathwise"][1:3])
