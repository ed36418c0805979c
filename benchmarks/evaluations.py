#===- evaluations.py - gradient evaluations to the optimum -----------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""evaluations.py [EXAMPLE...] [--json FILE] [--page FILE]

Gradient evaluations from the same start to an ELBO of the optimum's less 0.01,
for vi-fit's methods and for Adam on the sampled ELBO. No clock is read.

vi-fit's count is that of the first line of elbo.csv that is near enough, a
Hessian-vector product as two; the optimum is the best ELBO that any run has
found. Adam is the best of the step sizes .3, .1, .03 and .01 with cosine decay
to zero over 300, 1000, 3000 and 10000 steps, at fresh antithetic draws (16 for
a gradient, which is more than is common, and counts as one evaluation). The
ELBO that it is judged by is looked at after every tenth step by the same
function as vi-fit's, and that is not counted. Where Adam does not come near
enough, its count is the most that was tried.
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SOURCE / "test" / "Inputs"), str(SOURCE / "utils" / "truth")]
os.environ.setdefault("VI_BUILD_DIR", str(SOURCE / "build"))

import exported  # noqa: E402
import models  # noqa: E402

VI_FIT = pathlib.Path(os.environ["VI_BUILD_DIR"]) / "bin" / "vi-fit"
TOLERANCE = 0.01
STEP_SIZES = (0.3, 0.1, 0.03, 0.01)
LENGTHS = (300, 1000, 3000, 10000)
DRAWS = 16


class ELBO:
    """The ELBO of a mean-field guide over whole plates, and its gradient."""

    def __init__(self, name, folder, data, *options):
        self.library = exported.Library(
            SOURCE / "examples" / name / "model.mlir", folder, *options)
        find = self.library.find
        self.elbo, self.gradient = find("_elbo"), find("_elbo_gradient")
        self.values = {**data, **self.library.prepare(data)}
        sizes = self.library.call(find("_shapes"), data)
        self.size, named = sizes[0], sizes[1]
        self.columns = named["noise_count"]
        for argument in self.library.names(self.elbo):
            plate, _, suffix = argument.rpartition("_")
            if suffix in ("begin", "end", "scale"):
                self.values[argument] = {"begin": 0, "scale": 1}.get(
                    suffix, named.get(plate + "_count"))

    def start(self):
        return self.library.call(self.library.find("_initial"), self.values,
                                 {"parameters": (self.size,)})

    def value(self, phi, noise):
        return self.library.call(self.elbo, {
            **self.values, "parameters": phi, "noise": noise})

    def slope(self, phi, noise):
        return self.library.call(self.gradient, {
            **self.values, "parameters": phi, "noise": noise},
            {"gradient": phi.shape})[1]


def run_vi_fit(name, data_file, method):
    """The trace: gradient evaluations and ELBOs."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [VI_FIT, SOURCE / "examples" / name / "model.mlir", "--data",
             data_file, "--guide=meanfield", f"--method={method}", "--quiet",
             "--output", folder], check=False)
        with open(pathlib.Path(folder) / "elbo.csv", encoding="utf8") as file:
            rows = [(int(row["gradient_evaluations"]), float(row["elbo"]))
                    for row in csv.DictReader(file)]
        summary = json.loads((pathlib.Path(folder) / "summary.json")
                             .read_text())
    return rows, summary


def run_adam(sampled, judge, step_size, length, target):
    """The evaluations to the target, or nothing."""
    random = np.random.default_rng(1)
    phi = sampled.start().astype(float)
    first, second = np.zeros_like(phi), np.zeros_like(phi)
    for step in range(1, length + 1):
        half = random.standard_normal((DRAWS // 2, sampled.columns))
        slope = sampled.slope(phi, np.concatenate([half, -half]))
        if not np.all(np.isfinite(slope)):
            return None
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope ** 2
        rate = step_size * 0.5 * (1 + np.cos(np.pi * step / length))
        phi = phi + rate * (first / (1 - 0.9 ** step)) / (
            np.sqrt(second / (1 - 0.999 ** step)) + 1e-8)
        if step % 10 == 0 and judge(phi) >= target:
            return step
    return None


def measure(name, folder):
    data_file = models.data_file(name)
    data = models.read_data(data_file)
    if name.startswith("radon"):
        model = models.load(name)
        data["J"], data["county_idx"] = model.J, model.county + 1
    traces = {}
    for method in ("newton", "lbfgs"):
        rows, summary = run_vi_fit(name, data_file, method)
        traces[method] = (rows, summary["converged"],
                          summary["gradient_evaluations"])
    best = max(elbo for rows, *_ in traces.values() for _, elbo in rows)
    row = {"model": name}
    for method, (rows, converged, total) in traces.items():
        near = [count for count, elbo in rows if elbo >= best - TOLERANCE]
        row[method] = near[0] if near else None
        row[method + "_total"] = total
        row[method + "_converged"] = converged
    exact = ELBO(name, folder / "exact", data, "--guide=meanfield")
    sampled = ELBO(name, folder / "sampled", data,
                   "--vi-compile-model=family=meanfield replace-guides=true "
                   "divergences-only=true")
    # Many whitened draws for terms that are sampled in both.
    random = np.random.default_rng(0)
    x = random.standard_normal((256, exact.columns))
    noise = np.concatenate([x, -x])
    adam = {}
    for step_size in STEP_SIZES:
        for length in LENGTHS:
            count = run_adam(sampled, lambda phi: exact.value(phi, noise),
                             step_size, length, best - TOLERANCE)
            if count is not None:
                adam[step_size, length] = count
                break
    row["adam"] = min(adam.values(), default=None)
    row["adam_at"] = min(adam, key=adam.get) if adam else None
    row["ratio"] = ((row["adam"] or max(LENGTHS)) / row["newton"]
                    if row["newton"] else None)
    return row


PAGE = """\
# Gradient evaluations

How many gradient evaluations fits take to come within {tolerance} nat of the optimum's ELBO, from the same start and with the mean-field guide: by `vi-fit`, and by Adam on the
sampled ELBO. Written by `benchmarks/evaluations.py --page docs/Evaluations.md`. No clock is read.

- **vi-fit** counts all gradients until the first iteration that is near enough, those of its search for a start included, of which there are no iterations to look at; a
  Hessian-vector product counts as two.
- **Adam** is the best of the step sizes .3, .1, .03 and .01, each with cosine decay to zero over 300, 1000, 3000 and 10 000 steps: what is best is not known beforehand, and the runs that
  were not are not counted. A gradient is of {draws} draws, and counts as one; it is looked at every tenth step. Where none of the runs comes near enough, its count is 10 000 and the ratio
  a lower bound.

| example | Newton | L-BFGS | Adam | of step size, length | Adam / Newton |
|---|---|---|---|---|---|
{rows}

The median ratio is {median:.1f}. It is large where latents are correlated, and small where Adam's first hundred steps suffice; on the mixture, whose likelihood is sampled, the search over several starting points
is all that counts.
"""


def write_page(path, rows):
    lines = []
    for row in rows:
        at = "{}, {}".format(*row["adam_at"]) if row["adam_at"] else "–"
        adam = row["adam"] or f"> {max(LENGTHS)}"
        ratio = f"{row['ratio']:.1f}" if row["ratio"] else "–"
        if not row["adam"]:
            ratio = "> " + ratio
        lines.append(f"| {row['model']} | {row['newton'] or '–'} | "
                     f"{row['lbfgs'] or '–'} | {adam} | {at} | {ratio} |")
    ratios = [row["ratio"] for row in rows if row["ratio"]]
    pathlib.Path(path).write_text(PAGE.format(
        tolerance=TOLERANCE, draws=DRAWS, rows="\n".join(lines),
        median=np.median(ratios)), encoding="utf8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", nargs="*")
    parser.add_argument("--json", help="write the rows to this file")
    parser.add_argument("--page", help="write them to this file, for people")
    options = parser.parse_args()
    names = options.examples or [name for name in models.MODELS]
    rows = []
    print(f"{'model':34} newton  lbfgs   adam (step, length)     ratio")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            row = measure(name, pathlib.Path(folder) / name)
            rows.append(row)
            at = "{}, {}".format(*row["adam_at"]) if row["adam_at"] else "never"
            print(f"{name:34} {row['newton'] or '-':>6} {row['lbfgs'] or '-':>6} "
                  f"{row['adam'] or '>' + str(max(LENGTHS)):>6} ({at:12}) "
                  f"{row['ratio'] or float('nan'):8.1f}", flush=True)
    ratios = [row["ratio"] for row in rows if row["ratio"]]
    if ratios:
        print(f"median ratio {np.median(ratios):.1f}")
    if options.page:
        write_page(options.page, rows)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
