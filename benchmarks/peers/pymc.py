#===- pymc.py - PyMC's ADVI ---------------------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""PyMC: ADVI (full-rank ADVI) with its defaults, until its parameters settle
(CheckParametersConvergence), or twenty seconds have passed."""

import time

import numpy as np
import pymc as pm

NAMES = ["pymc"]
SECONDS = 20


def fit(workload, configuration, data, quick):
    model = workload.load("in_pymc").model
    data = {k: v.astype(int) if getattr(v, "dtype", None) == bool else v
            for k, v in data.items()}
    begin = time.perf_counter()

    def stop(*_):
        if time.perf_counter() - begin > SECONDS:
            raise StopIteration

    with pm.Model():
        model(**data)
        method = "fullrank_advi" if workload.guide == "fullrank" else "advi"
        approximation = pm.fit(
            n=100_000, method=method, random_seed=1, progressbar=False,
            callbacks=[pm.callbacks.CheckParametersConvergence(), stop])
        seconds = time.perf_counter() - begin
        if not len(approximation.hist):
            raise RuntimeError(f"compilation took {seconds:.0f} s")
        return {"fit_s": seconds,
                "fit_elbo": -float(np.mean(approximation.hist[-100:]))}
