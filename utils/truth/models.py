#===- models.py - the examples' densities, written a second time ----------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""The joint density of each example, and its ELBO under a mean-field normal
guide, from NumPy alone: nothing here has been read from the IR.

A model works on the unconstrained scale, with Stan's transforms; its density
includes the log-Jacobians and all normalizing constants. `log_joint(u)` takes
points as rows. `elbo(m, s)` integrates over independent normal coordinates in
closed form, but for one-dimensional integrals that have none, which are done by
Gauss-Hermite quadrature. It accepts complex numbers, so that derivatives come
from complex steps. Models whose ELBO has no such form leave `elbo` out, and
provide `gradient` of the log joint density instead.
"""

import csv
import json
import pathlib

import numpy as np

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
LOG_2PI = np.log(2 * np.pi)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(100)
WEIGHTS = WEIGHTS / np.sqrt(2 * np.pi)


def softplus(x):
    """log(1 + exp(x)), also for complex x of small imaginary part."""
    positive = np.real(x) > 0
    with np.errstate(over="ignore"):
        return np.where(positive, x, 0) + np.log1p(
            np.exp(np.where(positive, -x, x)))


def sigmoid(x):
    return np.exp(-softplus(-x))


def expect(f, m, s, nodes=None):
    """E f(x) for x ~ normal(m, s), elementwise in m and s."""
    x, w = (NODES, WEIGHTS) if nodes is None else nodes
    values = f(np.asarray(m)[..., None] + np.asarray(s)[..., None] * x)
    return values @ w


def log_normal(x, loc, scale):
    return -((x - loc) / scale) ** 2 / 2 - np.log(scale) - LOG_2PI / 2


def log_half_cauchy_of_log(w, scale):
    """log-density of w = log x for x ~ half-Cauchy(scale)."""
    return (np.log(2 / (np.pi * scale))
            - softplus(2 * (w - np.log(scale))) + w)


def log_half_normal_of_log(w, scale):
    return (np.log(2) - np.exp(2 * w) / (2 * scale ** 2) - np.log(scale)
            - LOG_2PI / 2 + w)


def expect_half_cauchy(m, s, scale):
    return expect(lambda w: log_half_cauchy_of_log(w, scale), m, s)


def expect_half_normal(m, s, scale):
    return (np.log(2) - np.exp(2 * m + 2 * s ** 2) / (2 * scale ** 2)
            - np.log(scale) - LOG_2PI / 2 + m)


def expect_normal(m, s, loc, scale):
    """E log normal(x | loc, scale), summed over the elements."""
    return np.sum(-((m - loc) ** 2 + s ** 2) / (2 * scale ** 2)
                  - np.log(scale) - LOG_2PI / 2)


def expect_normal_log_scale(square, count, m, s):
    """E sum log normal of residuals with expected sum of squares `square` and
    scale exp(w), w ~ normal(m, s)."""
    return (-square * np.exp(-2 * m + 2 * s ** 2) / 2 - count * m
            - count * LOG_2PI / 2)


def entropy(s):
    return np.sum(np.log(s) + (1 + LOG_2PI) / 2)


class Site:
    """A latent site: `shape` is () or (size,), `transform` how it is mapped
    onto the real line, `bounds` the interval of a scaled logit."""

    def __init__(self, name, size=None, transform="identity", bounds=(0, 1)):
        self.name = name
        self.shape = () if size is None else (int(size),)
        self.count = 1 if size is None else int(size)
        self.transform = transform
        self.bounds = bounds

    def constrain(self, u):
        if self.transform == "identity":
            return u
        if self.transform == "log":
            return np.exp(u)
        low, high = self.bounds
        return low + (high - low) * sigmoid(u)

    def unconstrain(self, z):
        if self.transform == "identity":
            return z
        if self.transform == "log":
            return np.log(z)
        low, high = self.bounds
        return np.log((z - low) / (high - z))

    def moments(self, m, s):
        """Mean and standard deviation on the constrained scale."""
        if self.transform == "identity":
            return m, s
        if self.transform == "log":
            mean = np.exp(m + s ** 2 / 2)
            return mean, mean * np.sqrt(np.expm1(s ** 2))
        mean = expect(self.constrain, m, s)
        middle = self.constrain(m)
        square = expect(lambda u: (self.constrain(u) - middle[..., None]) ** 2,
                        m, s)
        return mean, np.sqrt(square - (mean - middle) ** 2)


class Model:
    """Base of the examples. `data` is a dictionary by argument name."""

    # A point from which the posterior's mode is found surely is not needed:
    # starts are drawn on the unconstrained scale.
    sites = []

    @property
    def dimension(self):
        return sum(site.count for site in self.sites)

    def split(self, u):
        """The sites' parts of points (last axis), in order."""
        parts, position = [], 0
        for site in self.sites:
            part = u[..., position:position + site.count]
            parts.append(part if site.shape else part[..., 0])
            position += site.count
        return parts


class EightSchools(Model):
    def __init__(self, data):
        self.y = np.asarray(data["y"], float)
        self.sigma = np.asarray(data["sigma"], float)


class EightSchoolsCentered(EightSchools):
    def __init__(self, data):
        super().__init__(data)
        self.sites = [Site("tau", transform="log"), Site("mu"),
                      Site("theta", self.y.size)]

    def log_joint(self, u):
        w, mu, theta = self.split(u)
        tau = np.exp(w)
        return (log_half_cauchy_of_log(w, 5) + log_normal(mu, 0, 5)
                + log_normal(theta, mu[:, None], tau[:, None]).sum(1)
                + log_normal(self.y, theta, self.sigma).sum(1))

    def elbo(self, m, s):
        (mw, mm, mt), (sw, sm, st) = self.split(m), self.split(s)
        square = np.sum((mt - mm) ** 2 + st ** 2) + mt.size * sm ** 2
        return (expect_half_cauchy(mw, sw, 5) + expect_normal(mm, sm, 0, 5)
                + expect_normal_log_scale(square, mt.size, mw, sw)
                + expect_normal(mt, st, self.y, self.sigma) + entropy(s))


class EightSchoolsNoncentered(EightSchools):
    def __init__(self, data):
        super().__init__(data)
        self.sites = [Site("tau", transform="log"), Site("mu"),
                      Site("theta_trans", self.y.size)]

    def log_joint(self, u):
        w, mu, trans = self.split(u)
        theta = mu[:, None] + np.exp(w)[:, None] * trans
        return (log_half_cauchy_of_log(w, 5) + log_normal(mu, 0, 5)
                + log_normal(trans, 0, 1).sum(1)
                + log_normal(self.y, theta, self.sigma).sum(1))

    def elbo(self, m, s):
        (mw, mm, mt), (sw, sm, st) = self.split(m), self.split(s)
        tau, tau2 = np.exp(mw + sw ** 2 / 2), np.exp(2 * mw + 2 * sw ** 2)
        rest = self.y - mm
        square = (rest ** 2 + sm ** 2 - 2 * rest * tau * mt
                  + tau2 * (mt ** 2 + st ** 2))
        return (expect_half_cauchy(mw, sw, 5) + expect_normal(mm, sm, 0, 5)
                + expect_normal(mt, st, 0, 1)
                - np.sum(square / (2 * self.sigma ** 2) + np.log(self.sigma)
                         + LOG_2PI / 2) + entropy(s))


class Regression(Model):
    """y ~ normal(X beta, sigma), flat beta or normal(0, prior_scale), and
    sigma ~ half-Cauchy(0, 2.5)."""

    prior_scale = None

    def log_joint(self, u):
        beta, w = u[:, :-1], u[:, -1]
        result = (log_half_cauchy_of_log(w, 2.5)
                  + log_normal(self.y, beta @ self.X.T,
                               np.exp(w)[:, None]).sum(1))
        if self.prior_scale:
            result = result + log_normal(beta, 0, self.prior_scale).sum(1)
        return result

    def elbo(self, m, s):
        rest = self.y - self.X @ m[:-1]
        square = rest @ rest + s[:-1] ** 2 @ np.sum(self.X ** 2, 0)
        result = (expect_half_cauchy(m[-1], s[-1], 2.5)
                  + expect_normal_log_scale(square, self.y.size, m[-1], s[-1])
                  + entropy(s))
        if self.prior_scale:
            result = result + expect_normal(m[:-1], s[:-1], 0,
                                            self.prior_scale)
        return result


class KidiqMomiq(Regression):
    def __init__(self, data):
        self.y = np.asarray(data["kid_score"], float)
        iq = np.asarray(data["mom_iq"], float)
        self.X = np.stack([np.ones_like(iq), iq], 1)
        self.sites = [Site("beta", 2), Site("sigma", transform="log")]


class KidiqInteraction(Regression):
    def __init__(self, data):
        self.y = np.asarray(data["kid_score"], float)
        iq = np.asarray(data["mom_iq"], float)
        school = np.asarray(data["mom_hs"], float)
        self.X = np.stack([np.ones_like(iq), school, iq, school * iq], 1)
        self.sites = [Site("beta", 4), Site("sigma", transform="log")]


class AutoRegression(Regression):
    prior_scale = 10.0

    def __init__(self, data):
        order = int(data["K"])
        y = np.asarray(data["y"], float)
        self.y = y[order:]
        self.X = np.stack([np.ones(self.y.size)]
                          + [y[order - k:y.size - k]
                             for k in range(1, order + 1)], 1)
        self.sites = [Site("alpha"), Site("beta", order),
                      Site("sigma", transform="log")]


class Wells(Model):
    def __init__(self, data):
        self.y = np.asarray(data["switched"], float)
        center = [np.asarray(data[name], float) for name in
                  ("dist", "arsenic", "educ")]
        d, a, e = [(v - v.mean()) / scale
                   for v, scale in zip(center, (100, 1, 4))]
        self.X = np.stack([np.ones_like(d), d, a, e, d * a, d * e, a * e], 1)
        self.sites = [Site("alpha"), Site("beta", 6)]
        x, w = np.polynomial.hermite_e.hermegauss(20)
        self.nodes = x, w / np.sqrt(2 * np.pi)

    def log_joint(self, u):
        eta = u @ self.X.T
        return eta @ self.y - softplus(eta).sum(1)

    def elbo(self, m, s):
        eta = self.X @ m
        spread = np.sqrt(self.X ** 2 @ s ** 2)
        return (self.y @ eta - expect(softplus, eta, spread, self.nodes).sum()
                + entropy(s))


class Radon(Model):
    def __init__(self, data):
        self.y = np.asarray(data["log_radon"], float)
        county = data["county_idx"]
        if isinstance(county[0], str):
            levels = sorted(set(county))
            county = [levels.index(name) + 1 for name in county]
        self.J = int(data.get("J", 0)) or max(county)
        self.county = np.asarray(county) - 1
        self.X = np.stack([np.asarray(data["log_uppm"], float),
                           np.asarray(data["floor_measure"], float)], 1)

    def expect_hyper(self, ma, sa, my, sy, mm, sm, mb, sb):
        return (expect_half_normal(ma, sa, 1) + expect_half_normal(my, sy, 1)
                + expect_normal(mm, sm, 0, 10) + expect_normal(mb, sb, 0, 10))

    def log_hyper(self, wa, wy, mu, beta):
        return (log_half_normal_of_log(wa, 1) + log_half_normal_of_log(wy, 1)
                + log_normal(mu, 0, 10) + log_normal(beta, 0, 10).sum(1))


class RadonCentered(Radon):
    def __init__(self, data):
        super().__init__(data)
        self.sites = [Site("sigma_alpha", transform="log"),
                      Site("sigma_y", transform="log"), Site("mu_alpha"),
                      Site("beta", 2), Site("alpha", self.J)]

    def log_joint(self, u):
        wa, wy, mu, beta, alpha = self.split(u)
        mean = alpha[:, self.county] + beta @ self.X.T
        return (self.log_hyper(wa, wy, mu, beta)
                + log_normal(alpha, mu[:, None], np.exp(wa)[:, None]).sum(1)
                + log_normal(self.y, mean, np.exp(wy)[:, None]).sum(1))

    def elbo(self, m, s):
        ma, my, mm, mb, mj = self.split(m)
        sa, sy, sm, sb, sj = self.split(s)
        between = np.sum((mj - mm) ** 2 + sj ** 2) + self.J * sm ** 2
        rest = self.y - mj[self.county] - self.X @ mb
        within = (rest @ rest + np.sum(sj[self.county] ** 2)
                  + np.sum(self.X ** 2, 0) @ sb ** 2)
        return (self.expect_hyper(ma, sa, my, sy, mm, sm, mb, sb)
                + expect_normal_log_scale(between, self.J, ma, sa)
                + expect_normal_log_scale(within, self.y.size, my, sy)
                + entropy(s))


class RadonNoncentered(Radon):
    def __init__(self, data):
        super().__init__(data)
        self.sites = [Site("sigma_alpha", transform="log"),
                      Site("sigma_y", transform="log"), Site("mu_alpha"),
                      Site("beta", 2), Site("alpha_raw", self.J)]

    def log_joint(self, u):
        wa, wy, mu, beta, raw = self.split(u)
        alpha = mu[:, None] + np.exp(wa)[:, None] * raw
        mean = alpha[:, self.county] + beta @ self.X.T
        return (self.log_hyper(wa, wy, mu, beta) + log_normal(raw, 0, 1).sum(1)
                + log_normal(self.y, mean, np.exp(wy)[:, None]).sum(1))

    def elbo(self, m, s):
        ma, my, mm, mb, mj = self.split(m)
        sa, sy, sm, sb, sj = self.split(s)
        first = np.exp(ma + sa ** 2 / 2)
        second = np.exp(2 * ma + 2 * sa ** 2)
        rest = self.y - mm - self.X @ mb
        raw, raw2 = mj[self.county], (mj ** 2 + sj ** 2)[self.county]
        within = (rest @ rest + self.y.size * sm ** 2
                  + np.sum(self.X ** 2, 0) @ sb ** 2
                  - 2 * first * (rest @ raw) + second * np.sum(raw2))
        return (self.expect_hyper(ma, sa, my, sy, mm, sm, mb, sb)
                + expect_normal(mj, sj, 0, 1)
                + expect_normal_log_scale(within, self.y.size, my, sy)
                + entropy(s))


def log_uniform_of_logit(u):
    """log-density of u for a scaled logit of a uniform variable."""
    return -softplus(u) - softplus(-u)


class PoissonRegression(Model):
    def __init__(self, data):
        self.counts = np.asarray(data["C"], float)
        year = np.asarray(data["year"], float)
        self.X = np.stack([year ** k for k in range(4)], 1)
        from scipy.special import gammaln
        self.constant = -gammaln(self.counts + 1).sum()
        self.sites = ([Site("alpha", transform="logit", bounds=(-20, 20))]
                      + [Site(f"beta{k}", transform="logit", bounds=(-10, 10))
                         for k in (1, 2, 3)])

    def log_joint(self, u):
        z = np.stack([site.constrain(u[:, k])
                      for k, site in enumerate(self.sites)], 1)
        eta = z @ self.X.T
        return (eta @ self.counts - np.exp(eta).sum(1) + self.constant
                + log_uniform_of_logit(u).sum(1))

    def elbo(self, m, s):
        mean = np.array([expect(site.constrain, m[k], s[k])
                         for k, site in enumerate(self.sites)])
        # The coordinates are independent: the rate's mean is a product.
        log_rate = 0
        for k, site in enumerate(self.sites):
            values = site.constrain(m[k] + s[k] * NODES)
            exponents = np.multiply.outer(self.X[:, k], values)
            top = np.max(np.real(exponents), 1)
            log_rate = log_rate + top + np.log(
                np.exp(exponents - top[:, None]) @ WEIGHTS)
        return (self.counts @ (self.X @ mean) - np.sum(np.exp(log_rate))
                + self.constant + entropy(s)
                + np.sum(expect(log_uniform_of_logit, m, s)))


class Coin(Model):
    def __init__(self, data):
        y = np.asarray(data["y"], float)
        self.ones, self.zeros = y.sum(), y.size - y.sum()
        self.sites = [Site("theta", transform="logit")]

    def log_joint(self, u):
        return self.log_joint_1d(u[:, 0])

    def log_joint_1d(self, u):
        return (log_uniform_of_logit(u) - self.ones * softplus(-u)
                - self.zeros * softplus(u))

    def elbo(self, m, s):
        return expect(self.log_joint_1d, m[0], s[0]) + entropy(s)


class GaussianMixture(Model):
    """No closed form: the log of a sum. `log_joint_and_gradient` serves an
    expectation over quasi-random points."""

    def __init__(self, data):
        self.y = np.asarray(data["y"], float)
        self.sites = [Site("mu1"), Site("gap", transform="log"),
                      Site("sigma", 2, transform="log"),
                      Site("theta", transform="logit")]

    def log_joint(self, u):
        return self.log_joint_and_gradient(u)[0]

    def log_joint_and_gradient(self, u):
        from scipy.special import betaln
        mu1, wg, w, ut = self.split(u)
        gap = np.exp(wg)
        mu2 = mu1 + gap
        log_theta, log_rest = -softplus(-ut), -softplus(ut)
        theta = np.exp(log_theta)
        value = (log_normal(mu1, 0, 2) + log_normal(mu2, 0, 2) + wg
                 + log_half_normal_of_log(w, 2).sum(1)
                 + 5 * log_theta + 5 * log_rest - betaln(5, 5))
        gradient = np.zeros_like(u)
        gradient[:, 0] = -mu1 / 4 - mu2 / 4
        gradient[:, 1] = -mu2 / 4 * gap + 1
        gradient[:, 2:4] = 1 - np.exp(2 * w) / 4
        gradient[:, 4] = 5 - 10 * theta

        r1 = (self.y - mu1[:, None]) * np.exp(-w[:, :1])
        r2 = (self.y - mu2[:, None]) * np.exp(-w[:, 1:])
        t1 = log_theta[:, None] - r1 ** 2 / 2 - w[:, :1] - LOG_2PI / 2
        t2 = log_rest[:, None] - r2 ** 2 / 2 - w[:, 1:] - LOG_2PI / 2
        total = np.logaddexp(t1, t2)
        p1 = np.exp(t1 - total)
        p2 = 1 - p1
        value = value + total.sum(1)
        to_mu1 = (p1 * r1).sum(1) * np.exp(-w[:, 0])
        to_mu2 = (p2 * r2).sum(1) * np.exp(-w[:, 1])
        gradient[:, 0] += to_mu1 + to_mu2
        gradient[:, 1] += to_mu2 * gap
        gradient[:, 2] += (p1 * (r1 ** 2 - 1)).sum(1)
        gradient[:, 3] += (p2 * (r2 ** 2 - 1)).sum(1)
        gradient[:, 4] += (p1 - theta[:, None]).sum(1)
        return value, gradient


MODELS = {
    "eight_schools_centered": EightSchoolsCentered,
    "eight_schools_noncentered": EightSchoolsNoncentered,
    "kidiq_momiq": KidiqMomiq,
    "kidiq_interaction": KidiqInteraction,
    "wells": Wells,
    "radon_hierarchical_centered": RadonCentered,
    "radon_hierarchical_noncentered": RadonNoncentered,
    "glm_poisson": PoissonRegression,
    "bernoulli_beta": Coin,
    "gaussian_mixture": GaussianMixture,
    "ark": AutoRegression,
}


def data_file(name):
    """The example's own data file."""
    for suffix in ("json", "csv", "npy"):
        path = EXAMPLES / name / f"data.{suffix}"
        if path.exists():
            return path
    raise FileNotFoundError(f"examples/{name} has no data file")


def read_data(path):
    """A JSON object, or the columns of a CSV file."""
    path = pathlib.Path(path)
    if path.suffix == ".json":
        return json.loads(path.read_text())
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    columns = {}
    for name, *values in zip(*rows):
        try:
            columns[name] = [float(value) for value in values]
        except ValueError:
            columns[name] = values
    return columns


def load(name, path=None):
    """The example's model, on its own data or those of another file."""
    return MODELS[name](read_data(path or data_file(name)))
