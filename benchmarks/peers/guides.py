#===- guides.py - evidence lower bounds over arrays ---------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""The bound of a model under a normal guide, for any array module that has
NumPy's names for `exp`, `sum`, and so on: JAX and PyTorch share it.

It is the bound that the compiler makes with `divergences-only`: divergences and
entropies of guides in closed form where the pair of families has one, the
log-density of the data, and priors without a closed form, at the draws.
"""

import math

import numpy as np
from workload import HalfCauchy, HalfNormal, Normal

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class Layout:
    """The flat parameter vector as arrays, which is what array programs
    differentiate best: for each site location and log scale; for a full-rank
    guide location, log diagonal, and a square matrix of which the part below
    the diagonal counts; for other guides the layers."""

    def __init__(self, workload, size):
        self.triangle = None
        if workload.guide == "meanfield":
            sites = workload.sites(size)
            self.shapes = [s.shape for s in sites for _ in range(2)]
            self.noise_shapes = [s.shape for s in sites]
        elif workload.guide == "fullrank":
            n = sum(s.count for s in workload.sites(size))
            self.shapes = [(n,), (n,), (n, n)]
            self.noise_shapes = [(n,)]
            self.triangle = np.tril_indices(n, -1)
        else:
            self.shapes = [shape for _, shape in workload.module.LAYERS]
            self.noise_shapes = [(workload.noise_count(size),)]

    def split(self, phi):
        parts, begin = [], 0
        for shape in self.shapes:
            if self.triangle is not None and len(shape) == 2:
                square = np.zeros(shape, phi.dtype)
                square[self.triangle] = phi[begin:]
                parts.append(square)
                continue
            count = math.prod(shape)
            parts.append(phi[begin:begin + count].reshape(shape))
            begin += count
        return parts

    def join(self, parts):
        flat = []
        for part in parts:
            part = np.asarray(part, np.float64)
            if self.triangle is not None and part.ndim == 2:
                part = part[self.triangle]
            flat.append(part.ravel())
        return np.concatenate(flat)

    def split_noise(self, noise):
        parts, begin = [], 0
        for shape in self.noise_shapes:
            count = math.prod(shape)
            parts.append(np.ascontiguousarray(
                noise[:, begin:begin + count]).reshape((len(noise), *shape)))
            begin += count
        return parts


def constrain(xp, site, u):
    return xp.exp(u) if site.prior.support == "positive" else u


def softplus(xp, x):
    return xp.logaddexp(x, xp.zeros_like(x))


def log_prior(xp, site, u):
    """Log-density of the unconstrained value, summed over the site."""
    prior = site.prior
    if isinstance(prior, Normal):
        deviation = (u - prior.location) / prior.scale
        return (-0.5 * xp.sum(deviation * deviation)
                - site.count * (math.log(prior.scale) + HALF_LOG_2PI))
    if isinstance(prior, HalfNormal):
        return xp.sum(-0.5 * xp.exp(2 * u) / prior.scale ** 2 + u) + (
            site.count * (math.log(2 / prior.scale) - HALF_LOG_2PI))
    assert isinstance(prior, HalfCauchy)
    return xp.sum(u - softplus(xp, 2 * (u - math.log(prior.scale)))) + (
        site.count * math.log(2 / (math.pi * prior.scale)))


def is_sampled(site):
    return isinstance(site.prior, HalfCauchy)


def exact_terms(xp, site, location, log_scale):
    """Minus the divergence of a site's guide from its prior; where that has no
    closed form, the guide's entropy."""
    prior, count = site.prior, site.count
    if isinstance(prior, Normal):
        square = xp.exp(2 * log_scale) + (location - prior.location) ** 2
        return (xp.sum(log_scale - square * (0.5 / prior.scale ** 2))
                + count * (0.5 - math.log(prior.scale)))
    entropy = xp.sum(log_scale) + count * (0.5 + HALF_LOG_2PI)
    if isinstance(prior, HalfNormal):
        square = xp.exp(2 * (location + xp.exp(2 * log_scale)))
        return entropy + xp.sum(location - square * (0.5 / prior.scale ** 2)) + (
            count * (math.log(2 / prior.scale) - HALF_LOG_2PI))
    return entropy


def bound(xp, workload, sites, model, vmap, data, parts, noise):
    """The evidence lower bound at the draws of `noise`. `vmap` maps a function
    of one draw over the leading dimension of a list of arrays."""
    if workload.guide is None:
        return model.elbo(data, parts, noise[0])
    fullrank = workload.guide == "fullrank"
    if fullrank:
        location, log_diagonal, square = parts
        lower = xp.tril(square, -1)
        # The entropy; the prior is taken at the draws.
        exact = xp.sum(log_diagonal) + sites[0].count * (0.5 + HALF_LOG_2PI)
    else:
        scales = [xp.exp(s) for s in parts[1::2]]
        exact = sum(exact_terms(xp, site, *pair) for site, pair in
                    zip(sites, zip(parts[0::2], parts[1::2])))

    def one(draw):
        if fullrank:
            normals, = draw
            u = location + lower @ normals + xp.exp(log_diagonal) * normals
            return log_prior(xp, sites[0], u) + model.log_likelihood(
                data, {sites[0].name: u})
        z, prior = {}, 0.0
        for site, location_, scale, normals in zip(sites, parts[0::2], scales,
                                                   draw):
            u = location_ + scale * normals
            if is_sampled(site):
                prior = prior + log_prior(xp, site, u)
            z[site.name] = constrain(xp, site, u)
        return prior + model.log_likelihood(data, z)

    count = noise[0].shape[0]
    if count == 1:
        return exact + one([n[0] for n in noise])
    return exact + xp.sum(vmap(one)(noise)) / count


def log_joint(xp, sites, model, data, parts):
    """The joint log-density at an unconstrained point, an array for each site,
    with log-Jacobians: what Stan differentiates."""
    z = {s.name: constrain(xp, s, u) for s, u in zip(sites, parts)}
    return model.log_likelihood(data, z) + sum(
        log_prior(xp, s, u) for s, u in zip(sites, parts))
