# Models that once ended in a crash: integer powers in several functions of a
# model, which are compiled apart; a covariance that is generated from data and a
# latent number, whose elements look up the data at the place of the element.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import pathlib
import sys

import numpy as np
from scipy import optimize, stats

import fits

ROOT = pathlib.Path(sys.argv[1])


def fit(name, model, data, *options):
    (ROOT / f"{name}.mlir").write_text(model)
    (ROOT / f"{name}.json").write_text(json.dumps(data))
    return fits.fit(ROOT / name, ROOT / f"{name}.mlir", "--data",
                    ROOT / f"{name}.json", *options)["sites"]


def mode(log_density):
    return optimize.minimize_scalar(lambda u: -log_density(u), (-1, 1),
                                    tol=1e-12).x


site = fit("power", """
vi.model @power(%y: f64) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = arith.constant 3 : i32
  %prior = vi.normal %zero, %one : f64, f64
  %x = vi.sample "x" from %prior : f64
  %cube = math.fpowi %x, %n : f64, i32
  vi.deterministic "cube" %cube : f64
  %likelihood = vi.normal %cube, %one : f64, f64
  vi.observe "y" from %likelihood, %y : f64, f64
}
""", {"y": 0.9}, "--guide=delta")
x = mode(lambda x: -x * x / 2 - (0.9 - x ** 3) ** 2 / 2)
fits.check(abs(site["x"]["q50"] - x) <= 1e-4 and
           abs(site["cube"]["q50"] - x ** 3) <= 1e-4,
           f"the mode with a power is {site['x']['mean']:.6f}, {x:.6f}")

points = np.linspace(0, 3, 9)
y = np.sin(2 * points)
site = fit("process", """
vi.model @process(%x: tensor<?xf64>, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %noise = arith.constant 0.1 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.log_normal %zero, %one : f64, f64
  %length = vi.sample "length" from %prior : f64
  %K = tensor.generate %N, %N {
  ^bb0(%i: index, %j: index):
    %a = tensor.extract %x[%i] : tensor<?xf64>
    %b = tensor.extract %x[%j] : tensor<?xf64>
    %distance = arith.subf %a, %b : f64
    %scaled = arith.divf %distance, %length : f64
    %square = arith.mulf %scaled, %scaled : f64
    %minus = arith.negf %square : f64
    %k = math.exp %minus : f64
    %same = arith.cmpi eq, %i, %j : index
    %more = arith.select %same, %noise, %zero : f64
    %element = arith.addf %k, %more : f64
    tensor.yield %element : f64
  } : tensor<?x?xf64>
  %L = vi.cholesky %K : tensor<?x?xf64>
  %mean = tensor.splat %zero[%N] : tensor<?xf64>
  %d = vi.multivariate_normal %mean, %L : tensor<?xf64>, tensor<?x?xf64>
  vi.observe "y" from %d, %y : tensor<?xf64>, tensor<?xf64>
}
""", {"x": points.tolist(), "y": y.tolist()}, "--guide=delta")


def log_posterior(u):
    covariance = np.exp(-((points[:, None] - points) / np.exp(u)) ** 2)
    return stats.norm.logpdf(u) + stats.multivariate_normal.logpdf(
        y, np.zeros(9), covariance + 0.1 * np.eye(9))


length = np.exp(mode(log_posterior))
fits.check(abs(site["length"]["q50"] - length) <= 1e-3 * length,
           f"the length of a process is {site['length']['mean']:.5f}, "
           f"{length:.5f}")
fits.finish()
