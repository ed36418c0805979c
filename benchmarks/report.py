#===- report.py - the page and the plot ---------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes Benchmarks.md and benchmarks.svg from results.json and the details of
the run (times of all repetitions, rates of the machine).

    report.py RESULTS DETAILS FOLDER
"""

import json
import pathlib
import re
import sys

import numpy as np

RIVALS = ["jax", "pytorch-eager", "pytorch-compile", "stan"]
SYSTEMS = ["vi-mlir", *RIVALS]
NAMES = {"vi-mlir": "vi-mlir", "jax": "JAX", "pytorch-eager": "PyTorch",
         "pytorch-compile": "PyTorch compiled", "stan": "Stan",
         "numpyro": "NumPyro", "pymc": "PyMC"}
# Where the overhead of calls decides.
APART = {3}
RESAMPLES = 2000


def number_of(row):
    return int(row["workload"].split()[0])


def format_time(us):
    if us is None:
        return "–"
    if us < 1:
        return f"{1e3 * us:.0f} ns"
    if us < 1e3:
        return f"{us:.3g} µs"
    return f"{us / 1e3:.3g} ms" if us < 1e6 else f"{us / 1e6:.3g} s"


def format_number(value, digits=3):
    return "–" if value is None else f"{value:.{digits}g}"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |",
             "|---|" + "--:|" * (len(header) - 1)]
    lines += ["| " + " | ".join(r) + " |" for r in rows]
    return "\n".join(lines)


class Results:
    def __init__(self, rows, details):
        self.rows = {(r["workload"], r["precision"], r["samples"],
                      r["threads"], r["system"]): r for r in rows}
        self.details = details
        self.times = {tuple(k): np.array(v) for k, v in details["times"]}
        self.limits = {tuple(k): v for k, v in details["limits"]}
        self.cases = sorted({k[:4] for k in self.rows},
                            key=lambda c: (c[3], int(c[0].split()[0]), c[0],
                                           c[2]))
        self.random = np.random.default_rng(0)

    def get(self, case, system, field="gradient_us"):
        return self.rows.get((*case, system), {}).get(field)

    def medians(self, case, system):
        """Medians of resampled repetitions."""
        label, precision, samples, threads = case
        times = self.times.get((label, system, precision, samples, threads))
        if times is None:
            return None
        picks = self.random.integers(len(times), size=(RESAMPLES, len(times)))
        return np.median(times[picks], axis=1)

    def best_rival(self, case, rivals=RIVALS):
        measured = [(self.get(case, s), s) for s in rivals
                    if self.get(case, s)]
        return min(measured)[1] if measured else None

    def ratio(self, case, rivals=RIVALS):
        """The fastest rival's time over ours: the ratio of medians, and
        resampled ones."""
        rival = self.best_rival(case, rivals)
        if rival is None or not self.get(case, "vi-mlir"):
            return None
        ours, theirs = self.medians(case, "vi-mlir"), self.medians(case, rival)
        ratio = self.get(case, rival) / self.get(case, "vi-mlir")
        return ratio, theirs / ours if ours is not None and (
            theirs is not None) else np.full(RESAMPLES, ratio)

    def geometric_mean(self, threads, rivals=RIVALS):
        """Over workloads, of the geometric mean over a workload's cases; with
        its 95 % interval, and the numbers of the workloads that are in it."""
        groups = {}
        for case in self.cases:
            number = int(case[0].split()[0])
            if case[3] == threads and number not in APART:
                ratio = self.ratio(case, rivals)
                if ratio is not None:
                    groups.setdefault(number, []).append(ratio)
        if not groups:
            return None
        logs = [np.mean([np.log(r) for r, _ in g]) for g in groups.values()]
        resampled = np.mean([np.mean([np.log(s) for _, s in g], axis=0)
                             for g in groups.values()], axis=0)
        low, high = np.exp(np.quantile(resampled, [0.025, 0.975]))
        return float(np.exp(np.mean(logs))), low, high, sorted(groups)


def label_of(case):
    label, precision, samples, _ = case
    label = re.sub(r" (f32|f64)\b", "", label)
    label = re.sub(r"\d{4,}", lambda m: f"{int(m[0]):,}".replace(",", " "),
                   label)
    return f"{label}, {precision}, K = {samples}"


def interval(samples):
    low, high = np.quantile(samples, [0.025, 0.975])
    return f"{low:.2f}–{high:.2f}"


def gradients(results, threads):
    rows = []
    for case in results.cases:
        if case[3] != threads or not any(
                (*case, s) in results.rows for s in SYSTEMS):
            continue
        cells = [label_of(case)]
        limit = results.limits.get(case, {})
        cells.append(format_time(limit.get("limit_us")))
        for system in SYSTEMS:
            row = results.rows.get((*case, system), {})
            cells.append("error" if "error" in row and not row.get("gradient_us")
                         else format_time(row.get("gradient_us")))
        ratio = results.ratio(case)
        cells.append("–" if ratio is None else
                     f"{ratio[0]:.2f} ({interval(ratio[1])})")
        ours = results.get(case, "vi-mlir")
        cells.append("–" if not ours or not limit else
                     f"{ours / limit['limit_us']:.2f}")
        rows.append(cells)
    return table(["workload", "limit", *(NAMES[s] for s in SYSTEMS),
                  "fastest other / vi-mlir (95 %)", "vi-mlir / limit"], rows)


def field_table(results, field, systems, threads=1, digits=3):
    rows = []
    for case in results.cases:
        values = [results.get(case, s, field) for s in systems]
        if case[3] == threads and any(v is not None for v in values):
            rows.append([label_of(case),
                         *(format_number(v, digits) for v in values)])
    return table(["workload", *(NAMES[s] for s in systems)], rows) if rows else (
        "Not measured.")


def speedups(results):
    """Two threads over one, beside that of reading alone."""
    rows = []
    for case in results.cases:
        if case[3] != 2:
            continue
        one = (*case[:3], 1)
        cells = [label_of(case)]
        for system in ("vi-mlir", "jax", "pytorch-compile"):
            a, b = results.get(one, system), results.get(case, system)
            cells.append(f"{a / b:.2f}" if a and b else "–")
        a, b = results.limits.get(one), results.limits.get(case)
        cells.append(f"{a['limit_us'] / b['limit_us']:.2f}" if a and b else "–")
        rows.append(cells)
    return table(["workload", "vi-mlir", "JAX", "PyTorch compiled", "limit"],
                 rows) if rows else "Not measured."


def limits(results):
    rows = []
    for case in results.cases:
        limit = results.limits.get(case)
        if limit and case[3] == 1:
            rate = results.details["rates"]["1"]
            rows.append([label_of(case), f"{limit['bytes'] / 1e6:.3g}",
                         f"{rate['read_gbs'][str(int(limit['bytes']))]:.1f}"
                         if str(int(limit["bytes"])) in rate["read_gbs"] else "–",
                         f"{limit['flops'] / 1e6:.3g}", limit["limited_by"]])
    return table(["workload", "MB", "read at GB/s", "Mflop", "limited by"], rows)


def errors(results):
    lines = []
    for (label, precision, samples, threads, system), row in sorted(
            results.rows.items(), key=str):
        for field in ("error", "fit_error"):
            if field in row:
                what = "fit: " if field == "fit_error" else ""
                text = row[field].replace("|", "\\|")
                lines.append(f"- {label}, {precision}, K = {samples}, "
                             f"{threads} thread{'s' * (threads > 1)}, "
                             f"{NAMES.get(system, system)}: {what}`{text}`")
    return "\n".join(lines) if lines else "None."


def plot(results, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    matplotlib.rcParams["svg.hashsalt"] = "benchmarks"
    cases = [c for c in results.cases if c[3] == 1 and results.limits.get(c)]
    colors = {"vi-mlir": "#c0392b", "jax": "#2e86c1", "pytorch-eager": "#f5b041",
              "pytorch-compile": "#b9770e", "stan": "#7d3c98"}
    markers = {"vi-mlir": "D", "jax": "o", "pytorch-eager": "s",
               "pytorch-compile": "^", "stan": "v"}
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(cases) + 1.6))
    for system in SYSTEMS:
        points = [(results.get(c, system) / results.limits[c]["limit_us"], -i)
                  for i, c in enumerate(cases) if results.get(c, system)]
        if points:
            axes.scatter(*zip(*points), label=NAMES[system], s=36,
                         color=colors[system], marker=markers[system], zorder=3)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks([-i for i in range(len(cases))],
                    [label_of(c) for c in cases], fontsize=8)
    axes.set_xlabel("time of one ELBO gradient, one thread, in multiples of the "
                    "physical limit")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.3, 1.0),
                bbox_transform=figure.transFigure, ncol=5, fontsize=8,
                frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.96))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def summary(results):
    lines = []
    for threads in (1, 2):
        mean = results.geometric_mean(threads)
        if mean is None:
            continue
        value, low, high, numbers = mean
        lines.append(
            f"- {threads} thread{'s' * (threads > 1)}: the fastest of JAX, "
            f"PyTorch and Stan takes {value:.2f} times as long (95 % interval "
            f"{low:.2f}–{high:.2f}), geometric mean over workloads "
            + ", ".join(map(str, numbers)) + ".")
        for rivals in (["jax"], ["pytorch-eager", "pytorch-compile"], ["stan"]):
            mean = results.geometric_mean(threads, rivals)
            if mean:
                name = {"jax": "JAX", "stan": "Stan"}.get(
                    rivals[0], "the faster of PyTorch's two")
                lines.append(f"  - {name}: {mean[0]:.2f} ({mean[1]:.2f}–"
                             f"{mean[2]:.2f}), workloads "
                             + ", ".join(map(str, mean[3])))
    slower = [f"{label_of(c)} ({c[3]} thread{'s' * (c[3] > 1)}): "
              f"{results.ratio(c)[0]:.2f}"
              for c in results.cases
              if results.ratio(c) and results.ratio(c)[0] < 1]
    if slower:
        lines.append("- Slower than the fastest other system: "
                     + "; ".join(slower) + ".")
    return "\n".join(lines) if lines else "Nothing to compare."


def write(results_path, details_path, folder):
    rows = json.loads(pathlib.Path(results_path).read_text())
    details = json.loads(pathlib.Path(details_path).read_text())
    results = Results(rows, details)
    machine = details["machine"]
    rates = details["rates"]
    peaks = "; ".join(
        f"{t} thread{'s' * (t != '1')}: {r['f64_gflops']:.0f} GFLOP/s in f64, "
        f"{r['f32_gflops']:.0f} in f32" for t, r in sorted(rates.items()))
    versions = ", ".join(f"{k} {v}" for k, v in details["versions"].items())
    text = f"""# Benchmarks

Written by `benchmarks/run.sh` from one run; not edited by hand. Machine: {machine['cpu']}, {machine['cores']} cores, {machine['system']},
{machine['date']}, load average at the start {machine['load_average']:.2f}. Versions: {versions}.

{summary(results)}

![Times in multiples of the physical limit](benchmarks.svg)

## What is measured

The time of one ELBO and its gradient in all parameters of the guide (and of the model), at the same parameters, data and draws, after values and gradients were
compared with those of JAX in f64: within 1e-8 of the largest component (f64) or 2e-3 (f32), else the row is an error and not timed. Every system has the same
estimator: divergences and entropies in closed form where the pair of families has one, the log-density of the data at K draws (`divergences-only` of
`vi-compile-model`, as the closed forms that vi-mlir would take beyond that are not in the others). The prior is taken at the draws in workload 7, and for tau in workload 3.
Stan differentiates its log joint density at one draw instead, which is the larger part of the same work.

A time is the median over repetitions in a process of its own, pinned to its cores. JAX: by hand under `jit`; where a gradient takes less than 2 ms also 200
dependent steps inside one `lax.scan`, and the faster counts. PyTorch: by hand, eager and under `torch.compile`. vi-mlir: C calls into the shared library
of `vi-opt --emit=shared`. Intervals are those of 2000 resamplings of the repetitions; they do not cover a change of the machine from one process to the next.

The limit is the larger of two times: that of reading the data and parameters once at the rate measured for as many bytes, read again and again (so from the level of cache where they
fit), and that of the floating-point operations at the peak of fused multiply-adds. An exponential or logarithm counts as 20 operations. Measured
peaks: {peaks}.

## One thread

{gradients(results, 1)}

## Two threads

{gradients(results, 2)}

Speed of two threads over that of one:

{speedups(results)}

## Compile time

From the model to callable code, in seconds, one thread; JAX: lowering and compiling; PyTorch: the first call.

{field_table(results, "compile_s", ["vi-mlir", "jax", "pytorch-compile", "stan"])}

## Memory

Peak resident set of the measuring process in MiB, interpreter, libraries and data included, one thread; and below, how much of it came after the data
were read.

{field_table(results, "peak_mib", SYSTEMS, digits=4)}

{field_table(results, "growth_mib", SYSTEMS, digits=3)}

## From model to posterior

Seconds from the model to a fitted posterior, compilation included, one thread. vi-mlir: `vi-fit` with its own stopping rule. NumPyro: `SVI` with `AutoNormal` (full rank:
`AutoMultivariateNormal`) and Adam until the ELBO's mean over 500 steps does not rise any more. PyMC: `ADVI` until its parameters settle
(`CheckParametersConvergence`). Stan: `vb` of RStan with its defaults, compiled with `-O3`. NumPyro and PyMC end after 20 seconds. The second table has the ELBO that each reports at its end.

{field_table(results, "fit_s", ["vi-mlir", "numpyro", "pymc", "stan"])}

{field_table(results, "fit_elbo", ["vi-mlir", "numpyro", "pymc", "stan"], digits=7)}

## Limits

{limits(results)}

## Errors

{errors(results)}
"""
    folder = pathlib.Path(folder)
    plot(results, folder / "benchmarks.svg")
    (folder / "Benchmarks.md").write_text(text)


if __name__ == "__main__":
    write(*sys.argv[1:4])
