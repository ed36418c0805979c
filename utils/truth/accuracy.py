#===- accuracy.py - how far the fits are from reference draws -------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Called by utils/accuracy.sh, which says how."""

import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np

import fits
import posteriors

SOURCE = pathlib.Path(os.environ["VI_SOURCE_DIR"])

# Method: the options of vi-fit. The importance-corrected moments are those that
# the fit with linear response finds.
FITS = {
    "mean-field": ["--covariance=guide"],
    "linear response": [],
    "full-rank": ["--guide=fullrank", "--covariance=guide"],
}
METHODS = ["mean-field", "linear response", "full-rank", "importance-corrected"]

# Draws for moments on the unconstrained scale. They are antithetic, and whitened
# for up to 128 latents, so that moments of normal margins are exact.
DRAWS = 10000
TIME_LIMIT = 900

# Beyond the first, a mean is off; within the second it is right.
OFF, RIGHT = 1.0, 0.1


def fit(posterior, folder, options, output):
    """summary.json of a fit, or the error as a string. A fit that has not
    converged has written its results, too."""
    command = [fits.BUILD / "bin" / "vi-fit", posteriors.model_file(posterior),
               "--data", posteriors.data_file(folder, posterior),
               "--output", output, "--draws", str(DRAWS), "--quiet", *options]
    try:
        result = subprocess.run(command, text=True, capture_output=True,
                                timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return f"not finished after {TIME_LIMIT} s"
    if result.returncode not in (0, 3):
        return (result.stderr or result.stdout).strip().splitlines()[0]
    return json.loads((pathlib.Path(output) / "summary.json").read_text())


def corrected_moments(reference, summary):
    """The importance-corrected moments, which a summary has on the constrained
    scale, as those of the distribution on the unconstrained scale whose image
    has them: normal, log-normal, or logit-normal."""
    moments = {}
    for name, site in summary["sites"].items():
        if "mean_corrected" not in site:
            return None
        mean, sd = (np.asarray(site[key], float)
                    for key in ("mean_corrected", "sd_corrected"))
        for index in np.ndindex(*mean.shape):
            suffix = "[" + ",".join(str(i + 1) for i in index) + "]"
            moments[name + (suffix if index else "")] = mean[index], sd[index]
    result = []
    unconstrained = reference["unconstrained"]
    for name, transform in zip(unconstrained["names"],
                               unconstrained["transform"]):
        scaled = re.fullmatch(r"logit\(\(x-(-?[\d.]+)\)/([\d.]+)\)",
                              transform)
        kind, bounds = transform, (0.0, 1.0)
        if transform == "log_diff":
            # The models have the difference as a site.
            name, kind = "gap", "log"
        elif transform == "stickbreak":
            name, kind = name.removeprefix("u_"), "logit"
        elif scaled:
            low, width = map(float, scaled.groups())
            kind, bounds = "logit", (low, low + width)
        elif "sampled parameter" in transform:
            kind = "identity"
        mean, sd = moments[name]
        location = fits.moments_to_location(kind, bounds, mean, sd)
        if kind == "identity":
            scale = sd
        elif kind == "log":
            scale = math.sqrt(math.log1p((sd / mean) ** 2))
        else:
            # By the slope at the location, times what remains to be found.
            import scipy.optimize
            site = posteriors.Site("", transform="logit", bounds=bounds)
            scale = math.exp(scipy.optimize.brentq(
                lambda s: site.moments(np.asarray(location),
                                       np.exp(s))[1] - sd, -20, 5))
        result.append((location, scale))
    return np.array(result).T


def is_warned(summary, method):
    """Whether the fit says that means may be off; None where it does not
    judge."""
    if not summary["converged"]:
        return True
    verdict = summary.get("verdict")
    if not isinstance(verdict, dict) or "means" not in verdict:
        return None
    if method == "importance-corrected":
        return verdict["means"] == "suspect"
    return verdict["means"] in ("corrected", "suspect")


def row(posterior, method, reference, summary, moments):
    """A row of accuracy.json. Errors are in reference standard deviations, over
    the parameters on the unconstrained scale."""
    keys = ("mean_error", "max_mean_error", "sd_error", "seconds",
            "gradient_evaluations", "khat", "warned")
    result = {"posterior": posterior, "method": method,
              **dict.fromkeys(keys)}
    if isinstance(summary, str):
        result["error"] = summary
        return result
    result["seconds"] = round(sum(summary["seconds"].values()), 3)
    result["gradient_evaluations"] = summary["gradient_evaluations"]
    khat = summary.get("khat")
    result["khat"] = khat if khat is None else round(khat, 3)
    result["warned"] = is_warned(summary, method)
    if moments is None:
        result["error"] = "no importance weights"
        return result
    unconstrained = reference["unconstrained"]
    mean, sd = (np.array(unconstrained[key]) for key in ("mean", "sd"))
    errors = np.abs(moments[0] - mean) / sd
    ratios = moments[1] / sd - 1
    if not np.all(np.isfinite(errors + ratios)):
        result["error"] = "moments that are not finite"
        return result
    result["mean_error"] = float(f"{np.sqrt(np.mean(errors ** 2)):.4g}")
    result["max_mean_error"] = float(f"{np.max(errors):.4g}")
    result["sd_error"] = float(f"{np.sqrt(np.mean(ratios ** 2)):.4g}")
    return result


def measure(posterior, folder):
    """The rows of a posterior."""
    reference = posteriors.reference(folder, posterior)
    rows = {}
    for method, options in FITS.items():
        with tempfile.TemporaryDirectory() as output:
            summary = fit(posterior, folder, options, output)
            moments = None
            if not isinstance(summary, str):
                with np.errstate(all="ignore"):
                    draws = posteriors.reference_coordinates(
                        reference, fits.read_draws(output))
                    moments = draws.mean(0), draws.std(0)
        rows[method] = row(posterior, method, reference, summary, moments)
        if method != "linear response":
            continue
        moments = None if isinstance(summary, str) else corrected_moments(
            reference, summary)
        method = "importance-corrected"
        rows[method] = row(posterior, method, reference, summary, moments)
    return [rows[method] for method in METHODS]


def show(value, digits=2):
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "∞"
    return f"{value:.{digits}f}" if value < 99.5 else f"{value:.0f}"


def median(rows, key):
    """What has failed is worse than any number."""
    return statistics.median(math.inf if r[key] is None else r[key]
                             for r in rows)


def is_miss(r):
    return (r["mean_error"] is not None and r["max_mean_error"] > OFF
            and not r["warned"])


def is_false_alarm(r):
    return (r["mean_error"] is not None and r["max_mean_error"] <= RIGHT
            and bool(r["warned"]))


INTRODUCTION = """\
# Accuracy

How far posterior means and standard deviations of `vi-fit` are from those of reference draws, for {count} posteriors of
[posteriordb](https://github.com/stan-dev/posteriordb). The models are those of [examples/posteriordb](../examples/posteriordb) and
[examples](../examples); the data and the reference draws' moments are not part of this repository. Written by `utils/accuracy.sh`, with the numbers in
[accuracy.json](accuracy.json).

An **error of a mean** is |mean − reference mean| / reference sd, that of a standard deviation |sd / reference sd − 1|, both of a parameter on the unconstrained scale (where
a positive one is its logarithm, and so on). The tables have the root mean square over the parameters of a posterior, and beside that of the means the largest. The reference moments' own errors are
about 0.01 to 0.05.

| method | what it is |
|---|---|
| mean-field | independent normals on the unconstrained scale, `--covariance=guide` |
| linear response | the same fit, standard deviations by linear response: the default |
| full-rank | `--guide=fullrank --covariance=guide` |
| importance-corrected | means and standard deviations by the importance weights of the default fit's best proposal; on the constrained scale, so they are taken to that of the parameters as if its margins there were normal |

All fits have default options else, and the first seed. A fit is *warned* if it has not converged or its verdict says that means are off: where it finds them suspect, and for the means
that are not corrected also where it corrects them. A *miss* is a posterior with a mean off by more than one sd that is not warned; a *false alarm* a warning
although every mean is within 0.1 sd. What fails, or takes more than {limit} s, counts as an infinite error in the medians.

"""


def summary_table(by_method):
    lines = ["| | mean-field | linear response | full-rank | importance-corrected |",
             "|---|---|---|---|---|"]
    rows = [by_method[method] for method in METHODS]
    total = len(rows[0])

    def line(label, cells):
        lines.append("| " + " | ".join([label, *cells]) + " |")

    line("median error of the means",
         [show(median(r, "mean_error"), 3) for r in rows])
    line("median error of the sds",
         [show(median(r, "sd_error"), 3) for r in rows])
    line("posteriors with a mean off by more than 1 sd",
         [f"{sum(x['mean_error'] is not None and x['max_mean_error'] > OFF for x in r)}"
          f" of {total}" for r in rows])
    line("misses", [str(sum(map(is_miss, r))) for r in rows])
    line("false alarms", [str(sum(map(is_false_alarm, r))) for r in rows])
    line("failed", [str(sum(x["mean_error"] is None for x in r)) for r in rows])
    line("median of gradient evaluations",
         [show(median(r, "gradient_evaluations"), 0) for r in rows])
    return lines


def posterior_table(by_posterior, advi):
    lines = [
        "| posterior | parameters | mean-field: means (max) | sds "
        "| linear response: means (max) | sds | full-rank: means (max) | sds "
        "| corrected: means (max) | sds | warned | gradients, mean-field "
        "/ full-rank | seconds, mean-field / full-rank "
        "| ADVI mean-field: max | ADVI full-rank: max |",
        "|" + "---|" * 15]
    for posterior, rows in by_posterior.items():
        cells = [posterior, str(len(rows["dimension"]))]
        for method in METHODS:
            r = rows[method]
            if r["mean_error"] is None:
                cells += ["failed" if method != "importance-corrected" else "–",
                          "–"]
                continue
            mark = "**" if r["max_mean_error"] > OFF else ""
            cells += [f"{mark}{show(r['mean_error'])} "
                      f"({show(r['max_mean_error'])}){mark}",
                      show(r["sd_error"])]
        default, full = rows["linear response"], rows["full-rank"]
        cells.append({None: "–", True: "yes", False: "no"}[default["warned"]]
                     + (", **miss**" if is_miss(default) else "")
                     + (", false alarm" if is_false_alarm(default) else ""))
        for key, digits in (("gradient_evaluations", 0), ("seconds", 1)):
            cells.append(f"{show(rows['mean-field'][key], digits)} / "
                         f"{show(full[key], digits)}")
        for family in ("meanfield", "fullrank"):
            if posterior not in advi:
                cells.append("not measured")
                continue
            other = advi[posterior][family]
            if not other or other["max_mean_error"] is None:
                cells.append("fails")
                continue
            cells.append(f"{show(other['max_mean_error'])}, "
                         f"{show(other['seconds'], 1)} s")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def write(by_posterior, advi):
    by_method = {method: [rows[method] for rows in by_posterior.values()]
                 for method in METHODS}
    text = INTRODUCTION.format(count=len(by_posterior), limit=TIME_LIMIT)
    text += "## Medians\n\n" + "\n".join(summary_table(by_method)) + "\n\n"
    others = [advi[p]["meanfield"] for p in by_posterior if p in advi]
    off = sum(o is None or o["max_mean_error"] is None
              or o["max_mean_error"] > OFF for o in others)
    text += f"""\
ADVI of Stan, run for 50 000 iterations, has a mean off by more than 1 sd, or fails, on {off} of {len(others)} with the mean-field family.

## Posteriors

In bold where a mean is off by more than 1 sd. *warned* is of the default fit. The seconds are from the model's text to the result, compilation included, measured with
other work on the machine: they say no more than an order of magnitude.

"""
    text += "\n".join(posterior_table(by_posterior, advi)) + "\n\n"
    failed = [r for rows in by_posterior.values() for m, r in rows.items()
              if m in METHODS and "error" in r
              and m != "importance-corrected"]
    if failed:
        text += "What failed:\n\n" + "".join(
            f"- {r['posterior']}, {r['method']}: {r['error']}\n"
            for r in failed) + "\n"
    text += """\
The last two columns are the largest error of a mean of Stan's ADVI, and its seconds without compilation: RStan 2.21.7, compiled by g++ 12.2 with `-O3`, `tol_rel_obj` 10⁻⁴ and
50 000 iterations at most, one run each on two shared x86-64 cores with AVX-512, on another day than the other columns. With its default options 20 of 148 mean-field runs of
52 posteriors ended in an error, and of the 93 that said to have converged 46 had a mean off by more than 1 sd. The numbers are in
[utils/truth/advi.json](../utils/truth/advi.json).
"""
    (SOURCE / "docs" / "Accuracy.md").write_text(text)


def main():
    parser = argparse.ArgumentParser(prog="accuracy.sh")
    parser.add_argument("--posteriordb", type=pathlib.Path, default=os.environ.get(
        "VI_POSTERIORDB", SOURCE.parent / "shared" / "data" / "posteriordb"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="POSTERIOR")
    options = parser.parse_args()
    folder = pathlib.Path(options.posteriordb)
    if not (folder / "reference").is_dir():
        sys.exit(f"accuracy.sh: no posteriordb at {folder}: give its folder by "
                 "--posteriordb")
    names = options.names or sorted(
        path.stem for path in (folder / "reference").glob("*.json"))
    unknown = [name for name in names
               if not (folder / "reference" / f"{name}.json").exists()]
    if unknown:
        sys.exit(f"accuracy.sh: no reference draws of {unknown[0]}")

    by_posterior = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, rows in zip(names, pool.map(
                lambda name: measure(name, folder), names)):
            by_posterior[name] = {r["method"]: r for r in rows}
            by_posterior[name]["dimension"] = posteriors.reference(
                folder, name)["unconstrained"]["names"]
            for r in rows:
                print(f"{name}, {r['method']}: means {show(r['mean_error'], 3)} "
                      f"({show(r['max_mean_error'], 3)}), sds "
                      f"{show(r['sd_error'], 3)}, khat {show(r['khat'])}, "
                      f"warned {r['warned']}, {r['gradient_evaluations']} "
                      f"gradients, {show(r['seconds'])} s"
                      + (f"; {r['error']}" if "error" in r else ""), flush=True)
    if options.names:
        return
    rows = [rows[method] for rows in by_posterior.values()
            for method in METHODS]
    (SOURCE / "docs" / "accuracy.json").write_text(
        "[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
    advi = json.loads((SOURCE / "utils" / "truth" / "advi.json").read_text())
    write(by_posterior, advi)


if __name__ == "__main__":
    main()
