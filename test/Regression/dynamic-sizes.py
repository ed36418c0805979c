# Latent sites of which the data give more than one size, and points on a
# simplex of such a size, without observations: the posterior is the prior, the
# normals' ELBO is 0 = log 1, and a Dirichlet's mean is alpha / sum(alpha).
#
# REQUIRES: vi-fit
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s vi-fit %t
import json
import pathlib
import subprocess
import sys

VI_FIT = sys.argv[1]
ROOT = pathlib.Path(sys.argv[2])
NORMAL = """
vi.model @m(%a: index, %b: index, %c: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = vi.normal %zero, %one : f64, f64
  %x = vi.sample "x" from %p [%a, %b, %c] : f64 -> tensor<?x?x?xf64>
}
"""
DIRICHLET = """
vi.model @m(%alpha: tensor<?xf64>) {
  %p = vi.dirichlet %alpha : tensor<?xf64>
  %x = vi.sample "x" from %p : tensor<?xf64>
}
"""


def flat(value):
    return ([x for part in value for x in flat(part)]
            if isinstance(value, list) else [value])


def fit(model, **data):
    (ROOT / "model.mlir").write_text(model)
    (ROOT / "data.json").write_text(json.dumps(data))
    subprocess.run([VI_FIT, "model.mlir", "--data", "data.json", "--quiet",
                    "--output", "out"], cwd=ROOT, check=True, timeout=240)
    summary = json.loads((ROOT / "out" / "summary.json").read_text())
    x = summary["sites"]["x"]
    return summary["elbo"], {**x, "mean": flat(x["mean"]), "sd": flat(x["sd"])}


elbo, x = fit(NORMAL, a=2, b=3, c=2)
assert x["shape"] == [2, 3, 2], x["shape"]
# The family holds the posterior: what is left is rounding.
assert abs(elbo) < 1e-10, elbo
assert all(abs(mean) < 1e-8 for mean in x["mean"]), x["mean"]
assert all(abs(sd - 1) < 1e-4 for sd in x["sd"]), x["sd"]

alpha = [20.0, 30.0, 50.0]
elbo, x = fit(DIRICHLET, alpha=alpha)
assert x["shape"] == [3], x["shape"]
# log evidence is 0, and a mean-field normal of logits close to it at such
# concentrations; the means within 0.05 of the Dirichlet's standard deviations.
assert -0.05 < elbo < 0.001, elbo
for mean, a in zip(x["mean"], alpha):
    m = a / 100
    assert abs(mean - m) < 0.05 * (m * (1 - m) / 101) ** 0.5, x["mean"]
elbo, x = fit(DIRICHLET, alpha=[2.0])
assert x["shape"] == [1] and x["mean"] == [1.0] and x["sd"] == [0.0], x
