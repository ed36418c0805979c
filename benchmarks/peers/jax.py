#===- jax.py - hand-written bounds under jit ----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""JAX: the bound written by hand, differentiated by `value_and_grad`, compiled
by `jit`. Small problems are also timed as steps inside one `lax.scan`, which
leaves out the calls from Python; the faster of the two counts."""

import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

from . import guides

jax.config.update("jax_enable_x64", True)

NAMES = ["jax"]
# Below this many seconds a gradient is also timed inside `lax.scan`.
SMALL = 2e-3
STEPS = 200


class Program:
    def __init__(self, workload, configuration, data, name=None, threads=1):
        model = workload.load("in_jax")
        self.dtype = (np.float32 if configuration.precision == "f32"
                      else np.float64)
        self.sites = (workload.sites(configuration.size)
                      if workload.guide else None)
        self.layout = guides.Layout(workload, configuration.size)
        prepared = getattr(model, "prepare", lambda d, t: d)(data, self.dtype)
        self.data = {k: jnp.asarray(v) for k, v in prepared.items()}
        self.model = model
        bound = functools.partial(guides.bound, jnp, workload, self.sites,
                                  model, jax.vmap)
        self.gradient = jax.value_and_grad(bound, argnums=1)
        self.compiled = None

    def bind(self, phi, noise):
        """Sets the point, and compiles."""
        self.phi = [jnp.asarray(p) for p in
                    self.layout.split(phi.astype(self.dtype))]
        self.noise = [jnp.asarray(p) for p in
                      self.layout.split_noise(noise.astype(self.dtype))]
        begin = time.perf_counter()
        self.compiled = jax.jit(self.gradient).lower(
            self.data, self.phi, self.noise).compile()
        self.compile_s = time.perf_counter() - begin

    def evaluate(self):
        value, gradient = self.compiled(self.data, self.phi, self.noise)
        return float(value), self.layout.join(gradient)

    def run(self, count):
        for _ in range(count):
            jax.block_until_ready(
                self.compiled(self.data, self.phi, self.noise))

    def alternatives(self):
        """Other ways to run, as (count of gradients a call, call)."""
        begin = time.perf_counter()
        self.run(1)
        if time.perf_counter() - begin > SMALL:
            return []

        # Each step depends on the one before.
        def step(parts, _):
            value, gradient = self.gradient(self.data, parts, self.noise)
            return [p + self.dtype(1e-30) * g
                    for p, g in zip(parts, gradient)], value

        scan = jax.jit(lambda parts: jax.lax.scan(step, parts, None,
                                                  length=STEPS)[0])
        scan = scan.lower(self.phi).compile()
        return [(STEPS, lambda: jax.block_until_ready(scan(self.phi)))]

    def log_joint(self, point):
        """The joint log-density and its gradient, at unconstrained latents."""
        parts, begin = [], 0
        for site in self.sites:
            parts.append(jnp.asarray(point[begin:begin + site.count]
                                     .reshape(site.shape)))
            begin += site.count
        value, gradient = jax.jit(jax.value_and_grad(functools.partial(
            guides.log_joint, jnp, self.sites, self.model, self.data)))(parts)
        return float(value), np.concatenate(
            [np.asarray(g).ravel() for g in gradient])
