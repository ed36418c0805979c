#===- sequences.py - latent sites in loops ---------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
# Sequences: sites in scf.for and terms in scf.if, as the compiled functions have
# them, against the densities written a second time in NumPy.
#
# REQUIRES: numpy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t

import json
import pathlib
import subprocess
import sys

import numpy as np

import exported

output = pathlib.Path(sys.argv[1])
random = np.random.default_rng(4)


def log_normal(x, mean=0.0, sd=1.0):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)


def compile_model(name, text, *options):
    path = output / f"{name}.mlir"
    path.write_text(text)
    return exported.Library(path, output / name, *options)


def close(got, expected, what, tolerance=1e-12):
    got, expected = np.asarray(got), np.asarray(expected)
    scale = np.max(np.abs(expected)) + 1
    assert got.shape == expected.shape, (what, got.shape, expected.shape)
    assert np.max(np.abs(got - expected)) <= tolerance * scale, (
        what, got, expected)


def check_gradient(library, name, data, parameters, noise, **more):
    """The gradient of the ELBO against central differences of fourth order."""
    values = {**data, **library.prepare(data), **more, "noise": noise}

    def elbo(phi):
        return library.call(f"{name}_elbo", {**values, "parameters": phi})

    value, gradient = library.call(
        f"{name}_elbo_gradient", {**values, "parameters": parameters},
        {"gradient": parameters.shape})
    close(value, elbo(parameters), f"{name}: value")
    expected, h = np.empty_like(parameters), 1e-3
    for i in range(parameters.size):
        e = np.zeros_like(parameters)
        e[i] = h
        expected[i] = (8 * (elbo(parameters + e) - elbo(parameters - e))
                       - elbo(parameters + 2 * e)
                       + elbo(parameters - 2 * e)) / (12 * h)
    # The differences' own error is of order h^4.
    close(gradient, expected, f"{name}: gradient", 1e-8)
    return value


# 1. A local-level model under a mean-field guide. Draws with unit second
# moments make the estimate of the quadratic terms exact.
LOCAL_LEVEL = """
vi.model @level(%y: tensor<?xf64>, %q: f64, %r: f64) {
  %zero = arith.constant 0.0 : f64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %last = scf.for %t = %c0 to %n step %c1 iter_args(%before = %zero) -> f64 {
    %transition = vi.normal %before, %q : f64, f64
    %x_t = vi.sample "x" from %transition : f64
    %seen = vi.normal %x_t, %r : f64, f64
    %y_t = tensor.extract %y[%t] : tensor<?xf64>
    vi.observe "y" from %seen, %y_t : f64, f64
    %square = arith.mulf %x_t, %x_t : f64
    vi.deterministic "square" %square : f64
    vi.predict "y_rep" from %seen : f64
    scf.yield %x_t : f64
  }
  %forecast = vi.normal %last, %q : f64, f64
  vi.predict "x_next" from %forecast : f64
}
"""
n = 6
data = {"y": random.normal(size=n).cumsum(), "q": 0.7, "r": 0.4}
library = compile_model("level", LOCAL_LEVEL)


def level_log_joint(x, y, q, r):
    return (log_normal(np.diff(x, prepend=0.0), 0, q).sum()
            + log_normal(y, x, r).sum())


def level_elbo(mean, sd, y, q, r):
    """Closed form: expected squares, and the entropy."""
    steps = (np.diff(mean, prepend=0.0) ** 2
             + np.concatenate([[0.0], sd[:-1]]) ** 2 + sd ** 2)
    errors = (y - mean) ** 2 + sd ** 2
    return (-0.5 * steps.sum() / q ** 2 - 0.5 * errors.sum() / r ** 2
            - n * np.log(2 * np.pi * q * r)
            + np.log(sd).sum() + 0.5 * n * np.log(2 * np.pi * np.e))


mean, sd = random.normal(size=n), np.exp(0.5 * random.normal(size=n))
phi = np.concatenate([mean, np.log(sd)])
noise = np.sqrt(n) * np.concatenate([np.eye(n), -np.eye(n)])
got = check_gradient(library, "level", data, phi, noise)
close(got, level_elbo(mean, sd, **data), "level: ELBO")
x = random.normal(size=n)
values = {**data, "parameters": phi, "latents": x}
close(library.call("level_log_joint", values), level_log_joint(x, **data),
      "level: log joint")
close(library.call("level_log_guide", values),
      log_normal(x, mean, sd).sum(), "level: log guide")
z = random.normal(size=n)
close(library.call("level_latents", {**data, "parameters": phi, "noise": z},
                   {"latents": n}), mean + sd * z, "level: latents")
close(library.call("level_log_lik", values, {"y_out": n}),
      log_normal(data["y"], x, data["r"]), "level: log_lik")
sites, square, replicates, rest = library.call(
    "level_report", {**values, "seed": 1, "draw": 0},
    {"x": n, "square": n, "y_rep": n})
close(sites, x, "level: report")
close(square, x ** 2, "level: deterministic")
assert len(set(replicates)) == n and np.isfinite(rest["x_next"])

# The whole way: the optimum has the posterior mean, and the linear response the
# posterior's covariance, as the posterior is Gaussian.
difference = np.eye(n) - np.eye(n, k=-1)
precision = (difference.T @ difference / data["q"] ** 2
             + np.eye(n) / data["r"] ** 2)
posterior = np.linalg.solve(precision, data["y"] / data["r"] ** 2)
(output / "data.json").write_text(json.dumps(
    {k: np.asarray(v).tolist() for k, v in data.items()}))
subprocess.run([exported.VI_OPT.parent / "vi-fit", output / "level.mlir",
                "--data", output / "data.json", "--output", output / "fit",
                "--quiet"], check=True)
fit = json.loads((output / "fit" / "summary.json").read_text())
close(fit["sites"]["x"]["mean"], posterior, "level: fitted mean", 1e-5)
close(fit["sites"]["x"]["sd"], np.sqrt(np.diag(np.linalg.inv(precision))),
      "level: fitted sd", 1e-4)
close(fit["sites"]["x"]["sd_q"], np.diag(precision) ** -0.5,
      "level: fitted sd of q", 1e-4)
close(fit["elbo"], level_elbo(posterior, np.diag(precision) ** -0.5, **data),
      "level: fitted ELBO", 1e-8)

# 2. Guides written by hand: one vector, and a Markov chain.
VECTOR = """
vi.guide @vector for @level(%y: tensor<?xf64>, %q: f64, %r: f64) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %loc = vi.param "loc" real [%n] : tensor<?xf64>
  %scale = vi.param "scale" positive : f64
  %d = vi.normal %loc, %scale : tensor<?xf64>, f64
  %x = vi.sample "x" from %d : tensor<?xf64>
}
"""
library = compile_model("vector", LOCAL_LEVEL + VECTOR)
phi = np.append(mean, -0.3)
got = check_gradient(library, "level", data, phi, noise)
close(got, level_elbo(mean, np.full(n, np.exp(-0.3)), **data),
      "vector: ELBO")

CHAIN = """
vi.guide @chain for @level(%y: tensor<?xf64>, %q: f64, %r: f64) {
  %zero = arith.constant 0.0 : f64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %loc = vi.param "loc" real [%n] : tensor<?xf64>
  %slope = vi.param "slope" real : f64
  %scale = vi.param "scale" positive : f64
  %last = scf.for %t = %c0 to %n step %c1 iter_args(%before = %zero) -> f64 {
    %loc_t = tensor.extract %loc[%t] : tensor<?xf64>
    %carried = arith.mulf %slope, %before : f64
    %m = arith.addf %loc_t, %carried : f64
    %d = vi.normal %m, %scale : f64, f64
    %x_t = vi.sample "x" from %d : f64
    scf.yield %x_t : f64
  }
}
"""
library = compile_model("chain", LOCAL_LEVEL + CHAIN)
slope, scale = 0.6, np.exp(-0.4)
phi = np.concatenate([mean, [slope, -0.4]])
got = check_gradient(library, "level", data, phi, noise)
matrix = np.eye(n)
for t in range(1, n):
    matrix[t] += slope * matrix[t - 1]
paths = (mean + scale * noise) @ matrix.T
densities = [level_log_joint(p, **data)
             - log_normal(scale * e, 0, scale).sum()
             for p, e in zip(paths, noise)]
close(got, np.mean(densities), "chain: ELBO")
x = random.normal(size=n)
values = {**data, "parameters": phi, "latents": x}
close(library.call("level_log_guide", values), log_normal(
    x, mean + slope * np.concatenate([[0.0], x[:-1]]), scale).sum(),
      "chain: log guide")
close(library.call("level_latents", {**data, "parameters": phi, "noise": z},
                   {"latents": n}), matrix @ (mean + scale * z),
      "chain: latents")

# 3. Series in a plate, of positive states, every other time from the second
# on; a state that is a vector; learned parameters; conditions.
PANEL = """
vi.model @panel(%y: tensor<?x7xf64>, %g: tensor<?xi1>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c7 = arith.constant 7 : index
  %n = tensor.dim %y, %c0 : tensor<?x7xf64>
  %p = vi.normal %zero, %one : f64, f64
  %a = vi.sample "a" from %p : f64
  vi.plate "series" %i in %n (%y_i = %y : tensor<?x7xf64>, %g_i = %g : tensor<?xi1>) {
    %end = scf.for %t = %c1 to %c7 step %c2 iter_args(%before = %one) -> f64 {
      %log = math.log %before : f64
      %m = arith.mulf %a, %log : f64
      %transition = vi.log_normal %m, %half : f64, f64
      %v = vi.sample "v" from %transition : f64
      %seen = vi.normal %zero, %v : f64, f64
      %y_t = tensor.extract %y_i[%t] : tensor<7xf64>
      scf.if %g_i {
        vi.observe "y" from %seen, %y_t : f64, f64
      } else {
        %penalty = arith.negf %v : f64
        vi.factor "penalty" %penalty : f64
      }
      scf.yield %v : f64
    }
    scf.if %g_i {
      %penalty = arith.mulf %end, %a : f64
      vi.factor "end" %penalty : f64
    }
  }
  %start = arith.constant dense<0.0> : tensor<2xf64>
  %state = scf.for %t = %c0 to %c2 step %c1 iter_args(%before = %start) -> tensor<2xf64> {
    %transition = vi.normal %before, %one : tensor<2xf64>, f64
    %w = vi.sample "w" from %transition : tensor<2xf64>
    scf.yield %w : tensor<2xf64>
  }
}
"""


def panel_log_joint(u, y, g):
    """Of a, then log v[i, t], then w[t, k]: the Jacobian of v is included."""
    series = len(g)
    a, log_v, w = u[0], u[1:1 + 3 * series].reshape(series, 3), u[-4:]
    total = log_normal(a)
    for i in range(series):
        before = 0.0
        for t in range(3):
            # log-normal density times v is the normal density of log v.
            total += log_normal(log_v[i, t], a * before, 0.5)
            v = np.exp(log_v[i, t])
            total += (log_normal(y[i, 1 + 2 * t], 0, v) if g[i]
                      else -v)
            before = log_v[i, t]
        if g[i]:
            total += a * v
    w = w.reshape(2, 2)
    return total + log_normal(np.diff(w, axis=0, prepend=0.0)).sum()


series = 3
data = {"y": random.normal(size=(series, 7)),
        "g": np.array([1, 0, 1], np.uint8)}
d = 1 + 3 * series + 4
for guide in ("meanfield", "fullrank"):
    library = compile_model(f"panel_{guide}", PANEL, f"--guide={guide}")
    for _ in range(3):
        u = 0.7 * random.normal(size=d)
        close(library.call("panel_log_joint", {
            **data, "parameters": np.zeros(2 * d + d * (d - 1) // 2),
            "latents": u}), panel_log_joint(u, **data),
            f"panel, {guide}: log joint")
    mean, log_sd = 0.3 * random.normal(size=d), -1 + 0.2 * random.normal(size=d)
    noise = random.normal(size=(4, d))
    ranges = {"series_begin": 0, "series_end": series, "series_scale": 1.0}
    if guide == "meanfield":
        # Parameters are in the order of sites, loc and scale of each.
        places = np.split(np.arange(d), [1, 1 + 3 * series])
        phi = np.concatenate([np.concatenate([mean[p], log_sd[p]])
                              for p in places])
        factor = np.diag(np.exp(log_sd))
    else:
        lower = 0.1 * random.normal(size=d * (d - 1) // 2)
        phi = np.concatenate([mean, log_sd, lower])
        factor = np.diag(np.exp(log_sd))
        factor[np.tril_indices(d, -1)] = lower
    got = check_gradient(library, "panel", data, phi, noise, **ranges)
    draws = mean + noise @ factor.T
    entropy = log_sd.sum() + 0.5 * d * np.log(2 * np.pi * np.e)
    # Where closed forms replace sampled terms the two differ by the error of
    # four draws; the sampled terms alone are the same to rounding.
    sampled = np.mean([panel_log_joint(u, **data) for u in draws]) + entropy
    spread = np.std([panel_log_joint(u, **data) for u in draws])
    assert abs(got - sampled) <= 3 * spread, (guide, got, sampled, spread)
    many = 4000
    noise = random.normal(size=(many, d))
    terms = [panel_log_joint(u, **data) for u in mean + noise @ factor.T]
    got = library.call("panel_elbo", {
        **data, **library.prepare(data), **ranges, "parameters": phi,
        "noise": noise})
    error = np.std(terms) / np.sqrt(many)
    assert abs(got - np.mean(terms) - entropy) <= 5 * error, (guide, got)
    names = library.call("panel_report", {
        **data, "parameters": phi, "latents": u, "seed": 0, "draw": 0},
        {"v": (series, 3), "w": (2, 2)})
    close(names[1], np.exp(u[1:1 + 3 * series]).reshape(series, 3),
          f"panel, {guide}: v")
    close(names[2], u[-4:].reshape(2, 2), f"panel, {guide}: w")
print("sequences: all agree")
