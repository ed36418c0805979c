#===- pytorch.py - hand-written bounds, eager and compiled --------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""PyTorch: the bound written by hand, differentiated by autograd, eagerly and
under `torch.compile`."""

import functools
import time

import numpy as np
import torch

from . import guides

NAMES = ["pytorch-eager", "pytorch-compile"]


class Program:
    def __init__(self, workload, configuration, data, name, threads):
        torch.set_num_threads(threads)
        model = workload.load("in_pytorch")
        self.dtype = (np.float32 if configuration.precision == "f32"
                      else np.float64)
        torch.set_default_dtype(torch.from_numpy(np.zeros(1, self.dtype)).dtype)
        sites = workload.sites(configuration.size) if workload.guide else None
        self.layout = guides.Layout(workload, configuration.size)
        prepared = getattr(model, "prepare", lambda d, t: d)(data, self.dtype)
        self.data = {k: torch.as_tensor(v) for k, v in prepared.items()}
        self.bound = functools.partial(guides.bound, torch, workload, sites,
                                       model, torch.func.vmap)
        self.compiles = name == "pytorch-compile"

    def bind(self, phi, noise):
        self.phi = [torch.tensor(p, requires_grad=True) for p in
                    self.layout.split(phi.astype(self.dtype))]
        self.noise = [torch.tensor(p) for p in
                      self.layout.split_noise(noise.astype(self.dtype))]
        self.compile_s = 0.0
        if self.compiles:
            self.bound = torch.compile(self.bound, dynamic=False)
            begin = time.perf_counter()
            self.step()
            self.compile_s = time.perf_counter() - begin

    def step(self):
        value = self.bound(self.data, self.phi, self.noise)
        return value, torch.autograd.grad(value, self.phi)

    def evaluate(self):
        value, gradient = self.step()
        return value.item(), self.layout.join([g.numpy() for g in gradient])

    def run(self, count):
        for _ in range(count):
            self.step()


def warm_up():
    """Has the compiler's headers precompiled, which is done once a machine."""
    torch.set_num_threads(1)
    x = torch.ones(1000, requires_grad=True)
    torch.compile(lambda x: torch.sin(x).sum())(x).backward()
