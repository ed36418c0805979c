# --log-lik writes the log-density of each observation for each draw: of groups
# of different sizes, of a sequence, of two plates, of masked values and of a
# factor, against SciPy's densities at the draws of draws.csv.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import csv
import json
import pathlib
import sys

import numpy as np
from scipy.stats import norm

import fits

ROOT = pathlib.Path(sys.argv[1])

# Groups of sizes that the data give, the sequence of the whole, one inside the
# other; and a sequence for each group, of another length each.
RAGGED = """
vi.model @ragged(%n: tensor<?xi64>, %first: tensor<?xi64>, %y: tensor<?xf64>,
                 %v: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %G = tensor.dim %n, %c0 : tensor<?xi64>
  %T = tensor.dim %v, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %one : f64, f64
  %rho = vi.sample "rho" from %prior : f64
  vi.plate "group" %g in %G
      (%n_g = %n : tensor<?xi64>, %first_g = %first : tensor<?xi64>) {
    %a = vi.sample "a" from %prior : f64
    %count = arith.index_cast %n_g : i64 to index
    %start = arith.index_cast %first_g : i64 to index
    %likelihood = vi.normal %a, %one : f64, f64
    vi.plate "member" %k in %count {
      %i = arith.addi %start, %k : index
      %y_i = tensor.extract %y[%i] : tensor<?xf64>
      vi.observe "y" from %likelihood, %y_i : f64, f64
      vi.yield
    }
    scf.for %k = %c1 to %count step %c1 {
      %i = arith.addi %start, %k : index
      %j = arith.subi %i, %c1 : index
      %before = tensor.extract %y[%j] : tensor<?xf64>
      %now = tensor.extract %y[%i] : tensor<?xf64>
      %mean = arith.mulf %rho, %before : f64
      %step = vi.normal %mean, %one : f64, f64
      vi.observe "step" from %step, %now : f64, f64
    }
    vi.yield
  }
  scf.for %t = %c1 to %T step %c1 {
    %s = arith.subi %t, %c1 : index
    %before = tensor.extract %v[%s] : tensor<?xf64>
    %now = tensor.extract %v[%t] : tensor<?xf64>
    %mean = arith.mulf %rho, %before : f64
    %step = vi.normal %mean, %one : f64, f64
    vi.observe "v" from %step, %now : f64, f64
  }
}
"""

# Rows and columns, of which a mask leaves some out; and a factor for each row.
GRID = """
vi.model @grid(%y: tensor<?x3xf64>, %seen: tensor<?x3xi1>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %prior = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %prior : f64
  %likelihood = vi.normal %mu, %one : f64, f64
  vi.observe "y" from %likelihood, %y if %seen
      : f64, tensor<?x3xf64>, tensor<?x3xi1>
}
"""

FACTOR = """
vi.model @mixed(%y: tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %N = tensor.dim %y, %c0 : tensor<?xf32>
  %prior = vi.normal %zero, %one : f32, f32
  %mu = vi.sample "mu" from %prior : f32
  vi.plate "n" %n in %N (%y_n = %y : tensor<?xf32>) {
    %likelihood = vi.normal %mu, %one : f32, f32
    %density = vi.log_prob %likelihood, %y_n : f32, f32 -> f32
    vi.factor "observed" normalized %density : f32
    %penalty = arith.mulf %mu, %half : f32
    vi.factor "penalty" %penalty : f32
    vi.yield
  }
}
"""


def read(path):
    """The columns of a file of draws in their order, and by their names."""
    with path.open(newline="") as file:
        rows = list(csv.reader(line for line in file if line[0] != "#"))
    values = np.array(rows[1:], float)
    return rows[0], {name: values[:, k] for k, name in enumerate(rows[0])}


def run(name, text, data, draws=20):
    (ROOT / f"{name}.mlir").write_text(text)
    (ROOT / f"{name}.json").write_text(json.dumps(data))
    fits.vi_fit(ROOT / f"{name}.mlir", "--data", ROOT / f"{name}.json",
                "--quiet", "--draws", draws, "--log-lik",
                "--output", ROOT / name)
    names, values = read(ROOT / name / "log_lik.csv")
    _, sites = read(ROOT / name / "draws.csv")
    fits.check(names[:3] == ["lp__", "log_p__", "log_g__"]
               and all((values[n] == sites[n]).all() for n in names[:3]),
               f"{name}: the draws of draws.csv")
    return names[3:], values, sites


def check(name, names, values, expected):
    fits.check(names == list(expected), f"{name}: columns {' '.join(names)}")
    error = max(np.max(np.abs(values[n] - e)) for n, e in expected.items())
    fits.check(error <= 1e-12, f"{name}: within {error:.1e}")


y, v = [1.0, 2.0, 3.5, 4.0, 5.5], [0.1, 0.2, -0.4, 1.0]
names, values, sites = run("ragged", RAGGED, {
    "n": [2, 0, 3], "first": [0, 2, 2], "y": y, "v": v})
groups = [1, 1, 3, 3, 3]
expected = {f"log_lik_y.{i + 1}": norm.logpdf(y[i], sites[f"a.{groups[i]}"])
            for i in range(5)}
expected |= {f"log_lik_step.{k + 1}": norm.logpdf(y[i], sites["rho"] * y[i - 1])
             for k, i in enumerate((1, 3, 4))}
expected |= {f"log_lik_v.{t}": norm.logpdf(v[t], sites["rho"] * v[t - 1])
             for t in range(1, 4)}
check("ragged", names, values, expected)
prior = norm.logpdf(sites["rho"]) + sum(
    norm.logpdf(sites[f"a.{g}"]) for g in (1, 2, 3))
error = np.max(np.abs(sum(values[n] for n in names) + prior
                      - values["log_p__"]))
fits.check(error <= 1e-12, f"ragged: with the prior, log p within {error:.1e}")

# As in all of CmdStan's files the first index runs fastest.
y = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]])
seen = np.array([[1, 0, 1], [1, 1, 0]])
names, values, sites = run("grid", GRID, {"y": y.tolist(),
                                          "seen": seen.tolist()})
check("grid", names, values,
      {f"log_lik.{i + 1}.{j + 1}": seen[i, j] * norm.logpdf(y[i, j], sites["mu"])
       for j in range(3) for i in range(2)})

# A factor that is not normalized is no density of data.
y = [0.5, -1.0, 2.0]
names, values, sites = run("mixed", FACTOR, {"y": y})
fits.check(names == ["log_lik.1", "log_lik.2", "log_lik.3"], "mixed: columns")
error = max(np.max(np.abs(values[f"log_lik.{i + 1}"]
                          - norm.logpdf(y[i], sites["mu"]))) for i in range(3))
fits.check(error <= 2e-6, f"mixed: within {error:.1e} in single precision")

# Leave-one-out densities by importance sampling over the draws of an exact
# posterior, against their closed form.
names, values, sites = run("loo", GRID.replace("?x3xf64", "?xf64")
                           .replace("?x3xi1", "?xi1"),
                           {"y": y, "seen": [1, 1, 1]}, draws=20000)
weights = np.array([np.exp(-values[n]) for n in names])
got = -np.log(weights.mean(axis=1))
precision = 1 + len(y) - 1
means = np.array([(sum(y) - value) / precision for value in y])
expected = norm.logpdf(y, means, np.sqrt(1 + 1 / precision))
deviations = weights.std(axis=1) / weights.mean(axis=1) / np.sqrt(20000)
fits.check(np.all(np.abs(got - expected) <= 4 * deviations),
           f"leave-one-out densities {np.round(got, 3)}")

# How often a branch is taken: such observations have no place in an array, which
# a warning says.
(ROOT / "branch.mlir").write_text("""
vi.model @branch(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %one : f64, f64
  %a = vi.sample "a" from %prior : f64
  vi.plate "unit" %n in %N (%y_n = %y : tensor<?xf64>) {
    %d = vi.normal %a, %one : f64, f64
    %positive = arith.cmpf ogt, %y_n, %zero : f64
    scf.if %positive {
      vi.observe "some" from %d, %y_n : f64, f64
    }
    vi.observe "all" from %d, %y_n : f64, f64
  }
}
""")
(ROOT / "branch.json").write_text('{"y": [0.1, -0.2, 0.3]}')
text = fits.vi_fit(ROOT / "branch.mlir", "--data", ROOT / "branch.json",
                   "--log-lik", "--output", ROOT / "branch")
warning = ("log_lik.csv is without 'some': how often it is observed is not a "
           "function of the data alone")
summary = json.loads((ROOT / "branch" / "summary.json").read_text())
header = [line for line in (ROOT / "branch" / "log_lik.csv").read_text()
          .splitlines() if line.startswith("lp__")][0]
fits.check("warning: " + warning in text and warning in summary["warnings"] and
           header.endswith(",log_lik.1,log_lik.2,log_lik.3"),
           "a warning tells what is left out")

text = fits.vi_fit(ROOT / "grid.mlir", "--data", ROOT / "grid.json",
                   "--log-lik", status=2)
fits.check("--log-lik needs --output" in text, "refused without a directory")
fits.finish()
