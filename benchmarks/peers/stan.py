#===- stan.py - the model in Stan, through RStan ------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Stan through RStan: the gradient of the joint log-density on the unconstrained
scale at one point, with -O3 -march=native, and ADVI, with -O3. A model is
compiled once; the compiled model and the seconds it took are kept."""

import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import workload as workloads

NAMES = ["stan"]
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def write_data(folder, workload, configuration, data):
    """Arrays in R's order, and a list of them."""
    sizes = {k: v for k, v in configuration.size.items() if isinstance(v, int)}
    lines = []
    for name, value in {**sizes, **data}.items():
        array = np.asarray(value)
        shape, integer = array.shape, array.dtype.kind in "iub"
        array = np.asfortranarray(array, np.int32 if integer else np.float64)
        array.ravel(order="F").tofile(folder / f"{name}.bin")
        lines.append(" ".join([name, "integer" if integer else "double",
                               *map(str, shape)]))
    (folder / "data.txt").write_text("\n".join(lines) + "\n")


def run_r(action, workload, folder, seconds):
    cache = pathlib.Path(os.environ["VI_PEERS"]) / "stan"
    cache.mkdir(parents=True, exist_ok=True)
    makevars = folder / "Makevars"
    # RStan's ADVI aborts on a corrupted heap where the model's code is compiled
    # for wider vectors than RStan's library.
    native = "" if action in ("meanfield", "fullrank") else "-march=native "
    flags = f"-O3 {native}-w"
    makevars.write_text(f"CXX14FLAGS = {flags}\nCXX17FLAGS = {flags}\n")
    name = workload.name + ("" if native else "-generic")
    subprocess.run(
        ["Rscript", "--vanilla", str(HERE / "stan.R"), action,
         str(workload.folder / "model.stan"), str(folder),
         str(cache / f"{name}.rds"), str(seconds)],
        check=True, env=dict(os.environ, R_MAKEVARS_USER=str(makevars)))
    if action == "compile":
        return None
    return json.loads((folder / "result.json").read_text())


def order(sites):
    """Where Stan, which keeps matrices by columns, has the elements of the
    unconstrained vector."""
    parts, begin = [], 0
    for site in sites:
        parts.append(begin + np.arange(site.count).reshape(site.shape)
                     .ravel(order="F"))
        begin += site.count
    return np.concatenate(parts)


class Program:
    def __init__(self, workload, configuration, data, name, threads):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.workload = workload
        self.sites = workload.sites(configuration.size)
        write_data(self.folder, workload, configuration, data)

    def bind(self, phi, noise):
        pass

    def measure(self, expected, compare, seconds):
        """Compares the gradient with the reference's, and times it."""
        there = order(self.sites)
        expected["joint_point"][there].tofile(self.folder / "point.bin")
        result = run_r("gradient", self.workload, self.folder, seconds)
        gradient = np.empty(len(there))
        gradient[there] = np.fromfile(self.folder / "gradient.bin")
        # The value lacks constants: the gradient alone is compared.
        error = compare((0.0, gradient), (0.0, expected["joint_gradient"]),
                        "f64")
        return {"value": result["value"], "error_rel": error,
                "compile_s": result["compile_s"], "times_us": result["times_us"],
                "peak_mib": result["peak_mib"]}


def fit(workload, configuration, data, quick):
    """ADVI with its defaults: seconds to compile and to fit."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        write_data(folder, workload, configuration, data)
        action = "fullrank" if workload.guide == "fullrank" else "meanfield"
        result = run_r(action, workload, folder, 0)
    return {"fit_s": result["compile_s"] + result["fit_s"],
            "fit_elbo": result["elbo"]}


def compile_all():
    """Compiles the models that are not compiled yet."""
    for workload in workloads.all_workloads():
        if (workload.folder / "model.stan").exists():
            print("Compiling", workload.folder / "model.stan", flush=True)
            with tempfile.TemporaryDirectory() as scratch:
                run_r("compile", workload, pathlib.Path(scratch), 0)
