#===- numpyro.py - NumPyro's SVI ----------------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""NumPyro: SVI with AutoNormal or AutoMultivariateNormal and Adam, in blocks of
500 steps, until the mean ELBO of a block is not above that of the one before by
more than twice their standard error, or twenty seconds have passed."""

import time

import jax
import numpy as np
import numpyro
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoMultivariateNormal, AutoNormal

jax.config.update("jax_enable_x64", True)

NAMES = ["numpyro"]
STEPS = 500
STEP_SIZE = 0.01
SECONDS = 20


def fit(workload, configuration, data, quick):
    model = workload.load("in_numpyro").model
    data = {k: v.astype(int) if getattr(v, "dtype", None) == bool else v
            for k, v in data.items()}
    begin = time.perf_counter()
    guide = (AutoMultivariateNormal if workload.guide == "fullrank"
             else AutoNormal)(model)
    svi = SVI(model, guide, numpyro.optim.Adam(STEP_SIZE), Trace_ELBO())
    state = svi.init(jax.random.PRNGKey(0), **data)

    @jax.jit
    def block(state):
        return jax.lax.scan(lambda s, _: svi.update(s, **data), state, None,
                            length=STEPS)

    before = None
    while True:
        state, losses = block(state)
        losses = -np.asarray(losses)
        mean, error = losses.mean(), losses.std() / STEPS ** 0.5
        if before is not None and (
                mean - before[0] <= 2 * np.hypot(error, before[1])):
            break
        before = mean, error
        if time.perf_counter() - begin > (5 if quick else SECONDS):
            break
    return {"fit_s": time.perf_counter() - begin, "fit_elbo": float(mean)}
