# Programs that read CmdStan's output open draws.csv and find every draw: numpy
# and the csv module here, ArviZ, CmdStanPy and pandas where they are installed.
#
# REQUIRES: vi-fit, numpy
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s vi-fit %t
import csv
import json
import pathlib
import subprocess
import sys

import numpy

VI_FIT = sys.argv[1]
ROOT = pathlib.Path(sys.argv[2])
DRAWS = 50

MODEL = """
vi.model @shapes(%y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %prior = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %prior : f64
  %weight = vi.sample "weight" from %prior : f64 -> tensor<2x3xf64>
  %likelihood = vi.normal %mu, %one : f64, f64
  vi.observe "y" from %likelihood, %y : f64, tensor<?xf64>
}
"""
(ROOT / "model.mlir").write_text(MODEL)
(ROOT / "d.json").write_text('{"y": [1.5, 0.5, 2.0]}')
subprocess.run([VI_FIT, ROOT / "model.mlir", "--data", ROOT / "d.json",
                "--draws", str(DRAWS), "--output", ROOT / "out", "--quiet"],
               check=True)
path = ROOT / "out" / "draws.csv"

names = ["lp__", "log_p__", "log_g__", "mu"] + [
    f"weight.{i}.{j}" for j in (1, 2, 3) for i in (1, 2)]

# By hand.
with open(path, newline="") as file:
    rows = list(csv.reader(line for line in file if line[0] != "#"))
assert rows[0] == names, rows[0]
values = numpy.array(rows[1:], dtype=float)
assert values.shape == (DRAWS, len(names))

# numpy, by the number of lines before the first draw.
with open(path) as file:
    lines = file.readlines()
first = next(i for i, line in enumerate(lines) if line[0] != "#") + 1
table = numpy.loadtxt(path, delimiter=",", comments="#", skiprows=first)
assert (table == values).all()

# The log-densities are those of the draw: all posteriors are normal here, and
# log p(y, z) - log q(z) is the same for all draws of the exact posterior.
mu = values[:, 3]
weight = values[:, 4:]
y = numpy.array([1.5, 0.5, 2.0])
log_normal = lambda x: -0.5 * x**2 - 0.5 * numpy.log(2 * numpy.pi)
log_p = (log_normal(mu) + log_normal(weight).sum(axis=1)
         + log_normal(y[None, :] - mu[:, None]).sum(axis=1))
numpy.testing.assert_allclose(values[:, 1], log_p, rtol=1e-12)
numpy.testing.assert_allclose(values[:, 0], values[:, 1], rtol=0)
# log p(y): y is normal with covariance 1 + identity.
covariance = 1 + numpy.eye(3)
log_evidence = -0.5 * (y @ numpy.linalg.solve(covariance, y)
                       + numpy.linalg.slogdet(2 * numpy.pi * covariance)[1])
numpy.testing.assert_allclose(values[:, 1] - values[:, 2], log_evidence,
                              atol=1e-3)

summary = json.loads((ROOT / "out" / "summary.json").read_text())
assert numpy.shape(summary["sites"]["weight"]["mean"]) == (2, 3)


def check(reader, read):
    try:
        read()
        print(f"{reader}: ok")
    except ImportError:
        print(f"{reader}: not installed")


def read_pandas():
    import pandas
    frame = pandas.read_csv(path, comment="#", float_precision="round_trip")
    assert list(frame.columns) == names
    assert (frame.to_numpy() == values).all()


def read_arviz():
    import arviz
    data = arviz.from_cmdstan(str(path))
    assert data.posterior["weight"].shape == (1, DRAWS, 2, 3)
    assert (data.posterior["weight"].values[0, :, 1, 2]
            == values[:, names.index("weight.2.3")]).all()
    assert (data.sample_stats["log_g"].values[0] == values[:, 2]).all()


def read_cmdstanpy():
    import cmdstanpy
    fit = cmdstanpy.from_csv(str(path))
    assert fit.stan_variable("weight").shape == (DRAWS, 2, 3)
    assert (fit.stan_variable("weight")[:, 1, 2]
            == values[:, names.index("weight.2.3")]).all()
    assert (fit.stan_variable("mu") == mu).all()


check("pandas", read_pandas)
check("ArviZ", read_arviz)
check("CmdStanPy", read_cmdstanpy)
