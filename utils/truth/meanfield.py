#===- meanfield.py - the best mean-field normal guide, found by SciPy -----===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Maximizes the ELBO of a model of models.py over means m and standard
deviations s, from several starts, and polishes the best by Newton steps."""

import numpy as np
import scipy.optimize
import scipy.stats


def closed_form_objective(model):
    """ELBO and gradient in (m, log s), the gradient by complex steps."""
    d = model.dimension

    def value(x):
        return model.elbo(x[:d], np.exp(x[d:]))

    def gradient(x):
        result = np.empty(2 * d)
        point = x.astype(complex)
        for i in range(2 * d):
            point[i] += 1e-30j
            result[i] = np.imag(value(point)) / 1e-30
            point[i] = x[i]
        return result

    return lambda x: (float(np.real(value(x))), gradient(x))


def sampled_objective(model, log_count, seed=1):
    """The same over scrambled Sobol points, antithetic and with whitened
    second moments."""
    d = model.dimension
    sobol = scipy.stats.qmc.Sobol(d, seed=seed)
    x = scipy.stats.norm.ppf(sobol.random_base2(log_count))
    x = np.concatenate([x, -x])
    x = x @ np.linalg.inv(np.linalg.cholesky(x.T @ x / len(x))).T

    def objective(p):
        m, s = p[:d], np.exp(p[d:])
        value, gradient = model.log_joint_and_gradient(m + s * x)
        entropy = np.sum(p[d:]) + d * (1 + np.log(2 * np.pi)) / 2
        return (value.mean() + entropy,
                np.concatenate([gradient.mean(0),
                                (gradient * x).mean(0) * s + 1]))

    return objective


def hessian(objective, x, step=1e-5):
    """Central differences of the gradient."""
    columns = []
    for i in range(x.size):
        e = np.zeros_like(x)
        e[i] = step
        columns.append((objective(x + e)[1] - objective(x - e)[1]) / (2 * step))
    h = np.stack(columns)
    return (h + h.T) / 2


def maximize(model, starts=5, seed=7):
    """Returns a dictionary: m, s, elbo, the ELBO that each start reached, the
    norm of the gradient in Newton's metric, and the linear-response standard
    deviations of m."""
    d = model.dimension
    # Few points are enough to get near; the Newton steps take many.
    if hasattr(model, "elbo"):
        objective = polished = closed_form_objective(model)
    else:
        objective = sampled_objective(model, 8)
        polished = sampled_objective(model, 12)
    random = np.random.RandomState(seed)
    best, reached = None, []
    for start in range(starts):
        m = random.uniform(-1, 1, d) if start else np.zeros(d)
        x = np.concatenate([m, np.full(d, np.log(0.1))])

        def negative(p):
            with np.errstate(all="ignore"):
                value, gradient = objective(p)
            if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
                return 1e30, np.zeros_like(p)
            return -value, -gradient

        for _ in range(3):
            result = scipy.optimize.minimize(
                negative, x, jac=True, method="L-BFGS-B",
                bounds=[(None, None)] * d + [(-12, 3)] * d,
                options={"maxiter": 20000, "maxfun": 40000, "maxcor": 30,
                         "ftol": 1e-15, "gtol": 1e-9})
            x = result.x
        reached.append(-float(result.fun))
        if best is None or reached[-1] > best[0]:
            best = reached[-1], x
    x = best[1]
    objective = polished
    for _ in range(4):
        value, gradient = objective(x)
        h = hessian(objective, x)
        step = np.linalg.solve(-h, gradient)
        decrement = float(np.sqrt(max(gradient @ step, 0)))
        if objective(x + step)[0] < value - 1e-9 * (1 + abs(value)):
            break
        x = x + step
        if decrement < 1e-7:
            break
    value = objective(x)[0]
    covariance = np.linalg.inv(-hessian(objective, x))
    assert np.all(np.linalg.eigvalsh(covariance) > 0)
    return {"m": x[:d], "s": np.exp(x[d:]), "elbo": value, "starts": reached,
            "decrement": decrement,
            "sd": np.sqrt(np.diag(covariance)[:d])}
