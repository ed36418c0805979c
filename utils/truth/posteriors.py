#===- posteriors.py - posteriordb's densities, written a second time ------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""The joint density of each model of examples/posteriordb, from NumPy and SciPy
alone, and the table of all posteriors: which model, which data, and the
reference draws' moments on the unconstrained scale.

As in models.py, `log_joint(u)` takes points of the unconstrained scale as rows
and includes Jacobians and normalizing constants.
"""

import json
import pathlib
import re

import numpy as np

import models
from models import (LOG_2PI, Model, Site, log_half_cauchy_of_log,
                    log_half_normal_of_log, log_normal, log_uniform_of_logit,
                    sigmoid, softplus)

# Posterior: the folder or file of the model in examples, without its suffix.
# The data set is the part of the posterior's name before the first "-".
POSTERIORS = {
    "GLM_Binomial_data-GLM_Binomial_model": "posteriordb/GLM_Binomial_model",
    "GLM_Poisson_Data-GLM_Poisson_model": "glm_poisson",
    "arK-arK": "ark",
    "bones_data-bones_model": "posteriordb/bones_model",
    "dogs-dogs": "posteriordb/dogs",
    "dugongs_data-dugongs_model": "posteriordb/dugongs_model",
    "earnings-earn_height": "posteriordb/earn_height",
    "earnings-logearn_interaction": "posteriordb/logearn_interaction",
    "eight_schools-eight_schools_centered": "eight_schools_centered",
    "eight_schools-eight_schools_noncentered": "eight_schools_noncentered",
    "gp_pois_regr-gp_pois_regr": "posteriordb/gp_pois_regr",
    "hmm_example-hmm_example": "posteriordb/hmm_example",
    "hudson_lynx_hare-lotka_volterra": "posteriordb/lotka_volterra",
    "irt_2pl-irt_2pl": "posteriordb/irt_2pl",
    "kidiq-kidscore_interaction": "kidiq_interaction",
    "kidiq-kidscore_momhsiq": "posteriordb/kidscore_momhsiq",
    "kidiq-kidscore_momiq": "kidiq_momiq",
    "low_dim_gauss_mix-low_dim_gauss_mix": "gaussian_mixture",
    "mesquite-logmesquite_logvas": "posteriordb/logmesquite_logvas",
    "mesquite-mesquite": "posteriordb/mesquite",
    "nes1992-nes": "posteriordb/nes",
    "nes2000-nes": "posteriordb/nes",
    "nes_logit_data-nes_logit_model": "posteriordb/nes_logit_model",
    "one_comp_mm_elim_abs-one_comp_mm_elim_abs":
        "posteriordb/one_comp_mm_elim_abs",
    "radon_all-radon_variable_intercept_noncentered":
        "posteriordb/radon_variable_intercept_noncentered",
    "radon_mn-radon_hierarchical_intercept_centered":
        "radon_hierarchical_centered",
    "radon_mn-radon_hierarchical_intercept_noncentered":
        "radon_hierarchical_noncentered",
    "radon_mn-radon_pooled": "posteriordb/radon_pooled",
    "sblri-blr": "posteriordb/blr",
    "seeds_data-seeds_stanified_model": "posteriordb/seeds_stanified_model",
    "surgical_data-surgical_model": "posteriordb/surgical_model",
    "wells_data-wells_dae_inter_model": "wells",
    "wells_data-wells_dist": "posteriordb/wells_dist",
}


def model_file(posterior):
    path = models.EXAMPLES / POSTERIORS[posterior]
    return path / "model.mlir" if path.is_dir() else path.with_suffix(".mlir")


def data_file(folder, posterior):
    return pathlib.Path(folder) / "data" / f"{posterior.split('-')[0]}.json"


def reference(folder, posterior):
    path = pathlib.Path(folder) / "reference" / f"{posterior}.json"
    return json.loads(path.read_text())


def reference_coordinates(reference, draws):
    """The columns of draws.csv on the scale of the reference's unconstrained
    moments, in their order: an array with a row for each draw."""
    unconstrained = reference["unconstrained"]

    def column(name):
        # CmdStan's names, theta[1] as theta.1.
        return draws[name.replace("[", ".").replace("]", "")]

    result = []
    for name, transform in zip(unconstrained["names"],
                               unconstrained["transform"]):
        scaled = re.fullmatch(r"logit\(\(x-(-?[\d.]+)\)/([\d.]+)\)", transform)
        if transform == "log_diff":
            stem, index = re.fullmatch(r"(.*)\[(\d+)\]", name).groups()
            before = column(f"{stem}[{int(index) - 1}]")
            result.append(np.log(column(name) - before))
        elif transform == "stickbreak":
            # Of two elements: the first one's logit.
            x = column(name.removeprefix("u_"))
            result.append(np.log(x) - np.log1p(-x))
        elif transform == "log":
            result.append(np.log(column(name)))
        elif transform == "logit" or scaled:
            low, width = map(float, scaled.groups()) if scaled else (0.0, 1.0)
            x = (column(name) - low) / width
            result.append(np.log(x) - np.log1p(-x))
        else:
            if transform != "identity" and "sampled parameter" not in transform:
                raise ValueError(f"unknown transform {transform} of {name}")
            result.append(column(name))
    return np.stack(result, 1)


class LinearRegression(Model):
    """y ~ normal(X beta, sigma), both flat but for `log_prior_of_log_sigma`."""

    def __init__(self, y, X, beta_scale=None, log_prior=lambda w: w):
        self.y, self.X, self.log_prior = y, X, log_prior
        self.beta_scale = beta_scale
        self.sites = [Site("beta", X.shape[1]), Site("sigma", transform="log")]

    def log_joint(self, u):
        beta, w = self.split(u)
        value = self.log_prior(w) + log_normal(
            self.y, beta @ self.X.T, np.exp(w)[:, None]).sum(1)
        if self.beta_scale:
            value = value + log_normal(beta, 0, self.beta_scale).sum(1)
        return value


def columns(data, *names):
    return [np.asarray(data[name], float) for name in names]


def design(*covariates):
    return np.stack([np.ones_like(covariates[0]), *covariates], 1)


def earn_height(data):
    earn, height = columns(data, "earn", "height")
    return LinearRegression(earn, design(height))


def logearn_interaction(data):
    earn, height, male = columns(data, "earn", "height", "male")
    return LinearRegression(np.log(earn), design(height, male, height * male))


def kidscore_momhsiq(data):
    score, school, iq = columns(data, "kid_score", "mom_hs", "mom_iq")
    return LinearRegression(score, design(school, iq),
                            log_prior=lambda w: log_half_cauchy_of_log(w, 2.5))


def mesquite(data):
    weight, *rest = columns(data, "weight", "diam1", "diam2", "canopy_height",
                            "total_height", "density", "group")
    return LinearRegression(weight, design(*rest))


def logmesquite_logvas(data):
    weight, d1, d2, canopy, total, density, group = columns(
        data, "weight", "diam1", "diam2", "canopy_height", "total_height",
        "density", "group")
    return LinearRegression(np.log(weight), design(
        np.log(d1 * d2 * canopy), np.log(d1 * d2), np.log(d1 / d2),
        np.log(total), np.log(density), group))


def nes(data):
    party, ideology, race, age, school, gender, income = columns(
        data, "partyid7", "real_ideo", "race_adj", "age_discrete", "educ1",
        "gender", "income")
    return LinearRegression(party, design(
        ideology, race, age == 2, age == 3, age == 4, school, gender, income))


def blr(data):
    return LinearRegression(
        np.asarray(data["y"], float), np.asarray(data["X"], float),
        beta_scale=10, log_prior=lambda w: log_half_normal_of_log(w, 10))


class RadonPooled(Model):
    sites = [Site("alpha"), Site("beta"), Site("sigma_y", transform="log")]

    def __init__(self, data):
        self.floor, self.y = columns(data, "floor_measure", "log_radon")

    def log_joint(self, u):
        alpha, beta, w = self.split(u)
        mean = alpha[:, None] + beta[:, None] * self.floor
        return (log_normal(alpha, 0, 10) + log_normal(beta, 0, 10)
                + log_half_normal_of_log(w, 1)
                + log_normal(self.y, mean, np.exp(w)[:, None]).sum(1))


class RadonVariableIntercept(Model):
    def __init__(self, data):
        self.floor, self.y = columns(data, "floor_measure", "log_radon")
        self.county = np.asarray(data["county_idx"]) - 1
        self.sites = [Site("alpha_raw", data["J"]), Site("beta"),
                      Site("mu_alpha"), Site("sigma_alpha", transform="log"),
                      Site("sigma_y", transform="log")]

    def log_joint(self, u):
        raw, beta, mu, wa, wy = self.split(u)
        alpha = mu[:, None] + np.exp(wa)[:, None] * raw
        mean = alpha[:, self.county] + beta[:, None] * self.floor
        return (log_normal(raw, 0, 1).sum(1) + log_normal(beta, 0, 10)
                + log_normal(mu, 0, 10) + log_half_normal_of_log(wa, 1)
                + log_half_normal_of_log(wy, 1)
                + log_normal(self.y, mean, np.exp(wy)[:, None]).sum(1))


def log_binomial(k, n, logits):
    from scipy.special import gammaln
    return (gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
            + k * logits - n * softplus(logits))


class GLMBinomial(Model):
    sites = [Site("alpha"), Site("beta1"), Site("beta2")]

    def __init__(self, data):
        self.k, self.n, year = columns(data, "C", "N", "year")
        self.X = design(year, year ** 2)

    def log_joint(self, u):
        return (log_normal(u, 0, 100).sum(1)
                + log_binomial(self.k, self.n, u @ self.X.T).sum(1))


class LogisticRegression(Model):
    """Flat coefficients."""

    def __init__(self, y, X, sites):
        self.y, self.X, self.sites = y, X, sites
        self.scale = None

    def log_joint(self, u):
        eta = u @ self.X.T
        value = eta @ self.y - softplus(eta).sum(1)
        return value + log_normal(u, 0, self.scale).sum(1) if self.scale \
            else value


def wells_dist(data):
    y, distance = columns(data, "switched", "dist")
    return LogisticRegression(y, design(distance), [Site("beta", 2)])


def nes_logit_model(data):
    y, income = columns(data, "vote", "income")
    return LogisticRegression(y, design(income),
                              [Site("alpha"), Site("beta", 1)])


def dogs(data):
    y = np.asarray(data["y"], float)
    before = np.zeros_like(y)
    before[:, 1:] = np.cumsum(y, 1)[:, :-1]
    trial = np.arange(y.shape[1])[None, :]
    model = LogisticRegression(
        y.ravel(), design((trial - before).ravel(), before.ravel()),
        [Site("beta", 3)])
    model.scale = 100
    return model


class Dugongs(Model):
    sites = [Site("alpha"), Site("beta"),
             Site("lambda", transform="logit", bounds=(0.5, 1)),
             Site("tau", transform="log")]

    def __init__(self, data):
        self.x, self.y = columns(data, "x", "Y")

    def log_joint(self, u):
        from scipy.special import gammaln
        alpha, beta, ul, w = self.split(u)
        decay = (0.5 + 0.5 * sigmoid(ul))[:, None] ** self.x
        mean = alpha[:, None] - beta[:, None] * decay
        a = 1e-4
        return (log_normal(alpha, 0, 1000) + log_normal(beta, 0, 1000)
                + log_uniform_of_logit(ul)
                + a * np.log(a) - gammaln(a) + a * w - a * np.exp(w)
                + log_normal(self.y, mean, np.exp(-w / 2)[:, None]).sum(1))


class Bones(Model):
    def __init__(self, data):
        self.data = data
        self.sites = [Site("theta", data["nChild"])]

    def log_joint(self, u):
        value = log_normal(u, 0, 36).sum(1)
        for i, grades in enumerate(self.data["grade"]):
            for j, grade in enumerate(grades):
                if grade == -1:
                    continue
                thresholds = self.data["gamma"][j][:self.data["ncat"][j] - 1]
                above = [sigmoid(self.data["delta"][j] * (u[:, i] - g))
                         for g in thresholds]
                above = [np.ones(len(u))] + above + [np.zeros(len(u))]
                value = value + np.log(above[grade - 1] - above[grade])
        return value


class GaussianProcess(Model):
    # The covariance has a condition number of about 1e11, the ratio of its
    # entries and what is added on its diagonal: five digits of its Cholesky
    # factor's last column are left, and log densities are of order 100.
    tolerance = 1e-6

    def __init__(self, data):
        self.x, self.k = columns(data, "x", "k")
        self.sites = [Site("rho", transform="log"),
                      Site("alpha", transform="log"),
                      Site("f_tilde", self.x.size)]

    def log_joint(self, u):
        from scipy.special import gammaln
        wr, wa, f_tilde = self.split(u)
        values = (25 * np.log(4) - gammaln(25) + 25 * wr - 4 * np.exp(wr)
                  + log_half_normal_of_log(wa, 2)
                  + log_normal(f_tilde, 0, 1).sum(1))
        squares = (self.x[:, None] - self.x) ** 2
        for row, (rho, alpha) in enumerate(zip(np.exp(wr), np.exp(wa))):
            K = alpha ** 2 * np.exp(-squares / (2 * rho ** 2))
            L = np.linalg.cholesky(K + 1e-10 * np.eye(self.x.size))
            f = L @ f_tilde[row]
            values[row] += np.sum(self.k * f - np.exp(f)
                                  - gammaln(self.k + 1))
        return values


class HiddenMarkov(Model):
    sites = [Site("theta1", 1, transform="logit"),
             Site("theta2", 1, transform="logit"),
             Site("mu1", transform="log"), Site("gap", transform="log")]

    def __init__(self, data):
        self.y = np.asarray(data["y"], float)

    def log_joint(self, u):
        u1, u2, w1, wg = u.T
        mu1 = np.exp(w1)
        mu2 = mu1 + np.exp(wg)
        value = (log_uniform_of_logit(u1) + log_uniform_of_logit(u2) + w1 + wg
                 + log_normal(mu1, 3, 1) + log_normal(mu2, 10, 1))
        # Products of matrices, scaled.
        P = np.stack([np.stack([sigmoid(u1), sigmoid(-u1)], 1),
                      np.stack([sigmoid(u2), sigmoid(-u2)], 1)], 1)
        forward = np.ones((len(u), 2))
        for t, y in enumerate(self.y):
            if t:
                forward = np.einsum("ri,rij->rj", forward, P)
            forward = forward * np.exp(np.stack(
                [log_normal(y, mu1, 1), log_normal(y, mu2, 1)], 1))
            total = forward.sum(1)
            value = value + np.log(total)
            forward = forward / total[:, None]
        return value


class LotkaVolterra(Model):
    """With an adaptive solver of high order in the place of fixed steps."""

    # How far the logarithm of the density may be off: each of 40 numbers by at
    # most 3e-5 of about four posterior sds of 0.25.
    tolerance = 5e-3
    sites = [Site("theta", 4, transform="log"),
             Site("z_init", 2, transform="log"),
             Site("sigma", 2, transform="log")]

    def __init__(self, data):
        self.times, self.first, self.y = columns(data, "ts", "y_init", "y")

    def log_joint(self, u):
        from scipy.integrate import solve_ivp
        log_theta, log_z, log_sigma = self.split(u)
        loc, scale = [1, .05, 1, .05], [.5, .05, .5, .05]
        value = (log_theta.sum(1)
                 + log_normal(np.exp(log_theta), loc, scale).sum(1)
                 + log_normal(log_z, np.log(10), 1).sum(1)
                 + log_normal(log_sigma, -1, 1).sum(1))
        for row, (a, b, c, d) in enumerate(np.exp(log_theta)):
            path = solve_ivp(
                lambda t, w: [a - b * np.exp(w[1]), d * np.exp(w[0]) - c],
                (0, self.times[-1]), log_z[row], method="DOP853",
                t_eval=self.times, rtol=1e-10, atol=1e-10).y.T
            for y, z in ((self.first[None], log_z[row][None]), (self.y, path)):
                value[row] += np.sum(log_normal(
                    np.log(y), z, np.exp(log_sigma[row])) - np.log(y))
        return value


class OneCompartment(Model):
    """With an adaptive solver in the place of fixed steps."""

    # Each of 20 numbers off by at most 2e-4 of about two sds of 0.13.
    tolerance = 3e-2
    sites = [Site(name, transform="log") for name in
             ("k_a", "K_m", "V_m", "sigma")]

    def __init__(self, data):
        self.times, self.y = columns(data, "times", "C_hat")
        self.dose, self.volume, self.start = data["D"], data["V"], data["t0"]

    def log_joint(self, u):
        from scipy.integrate import solve_ivp
        value = log_half_cauchy_of_log(u, 1).sum(1)
        for row, (k_a, K_m, V_m, sigma) in enumerate(np.exp(u)):
            path = solve_ivp(
                lambda t, C: [np.exp(-k_a * t) * self.dose * k_a / self.volume
                              - V_m / self.volume * C[0] / (K_m + C[0])],
                (self.start, self.times[-1]), [0.0], method="LSODA",
                t_eval=self.times, rtol=1e-9, atol=1e-12).y[0]
            value[row] += np.sum(log_normal(np.log(self.y), np.log(path), sigma)
                                 - np.log(self.y))
        return value


class ItemResponse(Model):
    def __init__(self, data):
        self.y = np.asarray(data["y"], float)
        items, persons = self.y.shape
        self.sites = [Site("sigma_theta", transform="log"),
                      Site("theta", persons), Site("sigma_a", transform="log"),
                      Site("mu_b"), Site("sigma_b", transform="log"),
                      Site("a", items, transform="log"), Site("b", items)]

    def log_joint(self, u):
        wt, theta, wa, mu, wb, log_a, b = self.split(u)
        eta = np.exp(log_a)[:, :, None] * (theta[:, None, :] - b[:, :, None])
        return (sum(log_half_cauchy_of_log(w, 2) for w in (wt, wa, wb))
                + log_normal(theta, 0, np.exp(wt)[:, None]).sum(1)
                + log_normal(log_a, 0, np.exp(wa)[:, None]).sum(1)
                + log_normal(mu, 0, 5)
                + log_normal(b, mu[:, None], np.exp(wb)[:, None]).sum(1)
                + (self.y * eta - softplus(eta)).sum((1, 2)))


class Seeds(Model):
    def __init__(self, data):
        self.k, self.n, self.x1, self.x2 = columns(data, "n", "N", "x1", "x2")
        self.sites = [Site("alpha0"), Site("alpha1"), Site("alpha12"),
                      Site("alpha2"), Site("sigma", transform="log"),
                      Site("b", self.k.size)]

    def log_joint(self, u):
        a0, a1, a12, a2, w, b = self.split(u)
        eta = b + (np.stack([a0, a1, a12, a2], 1) @ np.stack(
            [np.ones_like(self.x1), self.x1, self.x1 * self.x2, self.x2]))
        return (log_normal(u[:, :4], 0, 1).sum(1) + log_half_cauchy_of_log(w, 1)
                + log_normal(b, 0, np.exp(w)[:, None]).sum(1)
                + log_binomial(self.k, self.n, eta).sum(1))


class Surgical(Model):
    def __init__(self, data):
        self.k, self.n = columns(data, "r", "n")
        self.sites = [Site("mu"), Site("sigmasq", transform="log"),
                      Site("b", self.k.size)]

    def log_joint(self, u):
        from scipy.special import gammaln
        mu, w, b = self.split(u)
        a = 1e-3
        return (log_normal(mu, 0, 1000)
                + a * np.log(a) - gammaln(a) - a * w - a * np.exp(-w)
                + log_normal(b, mu[:, None], np.exp(w / 2)[:, None]).sum(1)
                + log_binomial(self.k, self.n, b).sum(1))


MODELS = {
    "GLM_Binomial_model": GLMBinomial,
    "blr": blr,
    "bones_model": Bones,
    "dogs": dogs,
    "dugongs_model": Dugongs,
    "earn_height": earn_height,
    "gp_pois_regr": GaussianProcess,
    "hmm_example": HiddenMarkov,
    "irt_2pl": ItemResponse,
    "kidscore_momhsiq": kidscore_momhsiq,
    "logearn_interaction": logearn_interaction,
    "logmesquite_logvas": logmesquite_logvas,
    "lotka_volterra": LotkaVolterra,
    "mesquite": mesquite,
    "nes": nes,
    "nes_logit_model": nes_logit_model,
    "one_comp_mm_elim_abs": OneCompartment,
    "radon_pooled": RadonPooled,
    "radon_variable_intercept_noncentered": RadonVariableIntercept,
    "seeds_stanified_model": Seeds,
    "surgical_model": Surgical,
    "wells_dist": wells_dist,
}


def load(folder, posterior):
    """The posterior's density on its data, from the collection at `folder`."""
    data = models.read_data(data_file(folder, posterior))
    name = pathlib.Path(POSTERIORS[posterior]).name
    return (MODELS.get(name) or models.MODELS[name])(data)
