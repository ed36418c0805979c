# Both gradient estimators reach the optimum of a conjugate model, where the
# full-rank guide is the exact posterior. There the sticking-the-landing gradient
# has no noise: fresh draws, two at a time, land on the optimum itself, while the
# pathwise gradient leaves a scatter around it.
#
# REQUIRES: vi-fit, numpy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import pathlib
import sys

import numpy as np

import fits

ROOT = pathlib.Path(sys.argv[1])

# y = X w + noise. The weights take a way that closed forms cannot follow, so
# that the expectations are sampled.
MODEL = """
vi.model @regression(%X: tensor<?x3xf64>, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %one : f64, f64
  %w = vi.sample "w" from %prior : f64 -> tensor<3xf64>
  %grown = math.exp %w : tensor<3xf64>
  %same = math.log %grown : tensor<3xf64>
  vi.plate "n" %n in %N (%x_n = %X : tensor<?x3xf64>, %y_n = %y : tensor<?xf64>) {
    %start = tensor.from_elements %zero : tensor<f64>
    %dot = linalg.dot ins(%x_n, %same : tensor<3xf64>, tensor<3xf64>)
        outs(%start : tensor<f64>) -> tensor<f64>
    %mean = tensor.extract %dot[] : tensor<f64>
    %likelihood = vi.normal %mean, %one : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
    vi.yield
  }
}
"""
(ROOT / "model.mlir").write_text(MODEL)
random = np.random.RandomState(5)
X = random.standard_normal((12, 3)) @ np.array([[1, .6, .3], [0, 1, .5], [0, 0, 1]])
y = X @ [0.5, -0.3, 0.2] + random.standard_normal(12)
(ROOT / "data.json").write_text(json.dumps({"X": X.tolist(), "y": y.tolist()}))
precision = np.eye(3) + X.T @ X
mean = np.linalg.solve(precision, X.T @ y)
sd = np.sqrt(np.diag(np.linalg.inv(precision)))
covariance = np.eye(12) + X @ X.T
evidence = -0.5 * (y @ np.linalg.solve(covariance, y)
                   + np.linalg.slogdet(2 * np.pi * covariance)[1])


def fit(name, *options, status=0):
    summary = fits.fit(ROOT / name, ROOT / "model.mlir", "--data",
                       ROOT / "data.json", "--guide=fullrank", *options,
                       status=status)
    site = summary["sites"]["w"]
    return (np.max(np.abs(np.array(site["mean"]) - mean) / sd),
            np.max(np.abs(np.array(site["sd_q"]) / sd - 1)),
            abs(summary["elbo"] - evidence))


for estimator in ("pathwise", "sticking-the-landing"):
    for options in ((), ("--optimizer=adam",)):
        name = " ".join((estimator,) + options)
        errors = fit(name.replace(" ", ""), f"--estimator={estimator}", *options)
        fits.check(errors[0] <= 0.05 and errors[1] <= 0.05 and errors[2] <= 0.01,
                   f"{name}: means within {errors[0]:.1e} sd, sds within "
                   f"{errors[1]:.1e}, ELBO within {errors[2]:.1e} of log p(y)")

noisy = ("--optimizer=adam", "--samples=2", "--seed=3")
pathwise = fit("p", "--estimator=pathwise", *noisy, status=(0, 3))
landing = fit("s", "--estimator=sticking-the-landing", *noisy)
fits.check(max(landing) <= 1e-3, "two draws, sticking-the-landing: "
           f"within {max(landing):.1e}")
fits.check(max(pathwise) >= 10 * max(landing),
           f"two draws, pathwise: within {max(pathwise):.1e}")
text = fits.vi_fit(ROOT / "model.mlir", "--data", ROOT / "data.json",
                   "--estimator=best", status=2)
fits.check("best" in text, "an estimator of another name is refused")
fits.finish()
