#===- workload.py - what is measured ------------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Workloads: a model, its data from a fixed seed, and what it costs at least.

A folder of `workloads/` is one workload. `workload.py` there sets

- `NUMBER`, `TITLE`, and `CONFIGURATIONS`, a list of `Configuration`; `QUICK`
  maps names of sizes to smaller ones;
- `generate(size, rng)`: the data, arrays by the names of the model's arguments;
- `sites(size)`: the latent sites in the model's order, of a guide that is made
  by the compiler (`GUIDE`, "meanfield" by default); a workload with a guide of
  its own has `start(size, rng)` and `noise_count(size)` instead;
- `work(size, samples)`: bytes of data and parameters that one gradient must
  read or write, and floating-point operations, where a fused multiply-add is
  two, and an exponential or a logarithm `TRANSCENDENTAL`.

The same model stands beside it as `model.mlir`, `in_jax.py`, `in_pytorch.py`,
`model.stan`, `in_numpyro.py`, `in_pymc.py`.
"""

import dataclasses
import importlib.util
import math
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent / "workloads"

# A polynomial of degree 6 to 12 after a range reduction.
TRANSCENDENTAL = 20


@dataclasses.dataclass(frozen=True)
class Normal:
    """A normal prior on the unconstrained scale (log-normal: of a positive
    site). The divergence of a normal guide from it is in closed form."""
    location: float
    scale: float
    support: str = "real"


@dataclasses.dataclass(frozen=True)
class HalfNormal:
    """Its expected log-density under a log-normal guide is in closed form."""
    scale: float
    support: str = "positive"


@dataclasses.dataclass(frozen=True)
class HalfCauchy:
    """Its log-density is sampled."""
    scale: float
    support: str = "positive"


def log_normal(location, scale):
    return Normal(location, scale, "positive")


@dataclasses.dataclass(frozen=True)
class Site:
    name: str
    shape: tuple
    prior: object

    @property
    def count(self):
        return math.prod(self.shape)


@dataclasses.dataclass(frozen=True)
class Configuration:
    """Sizes, precision of data and latents, number of draws. `threads` are the
    numbers of threads to measure."""
    size: dict
    precision: str = "f64"
    samples: int = 1
    threads: tuple = (1, 2)
    # Whether fits are timed at this configuration.
    fits: bool = False


class Workload:
    """A folder of `workloads/`."""

    def __init__(self, name):
        self.name = name
        self.folder = FOLDER / name
        self.module = self.load("workload")
        self.number = self.module.NUMBER
        self.title = self.module.TITLE
        self.guide = getattr(self.module, "GUIDE", "meanfield")
        self.work = self.module.work

    def load(self, name):
        """The module `name` of the folder, or None."""
        path = self.folder / f"{name}.py"
        if not path.exists():
            return None
        spec = importlib.util.spec_from_file_location(
            f"workload_{self.name}_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def configurations(self, quick):
        if not quick:
            return list(self.module.CONFIGURATIONS)
        seen = []
        for c in self.module.CONFIGURATIONS:
            size = {k: min(v, self.module.QUICK.get(k, v))
                    if isinstance(v, int) else v for k, v in c.size.items()}
            small = dataclasses.replace(c, size=size)
            if small not in seen:
                seen.append(small)
        return seen

    def label(self, configuration):
        parts = [f"{k} = {v}" if isinstance(v, int) else str(v)
                 for k, v in configuration.size.items()]
        return f"{self.number} {self.title}, " + ", ".join(parts)

    def sites(self, size):
        return self.module.sites(size)

    def noise_count(self, size):
        if hasattr(self.module, "noise_count"):
            return self.module.noise_count(size)
        return sum(site.count for site in self.sites(size))

    def generate(self, configuration):
        """The data. Reals are rounded to the configuration's precision, so that
        all systems read the same numbers."""
        rng = np.random.default_rng(20260101 + self.number)
        data = self.module.generate(configuration.size, rng)
        if configuration.precision == "f32":
            data = {k: np.float32(v) if getattr(v, "dtype", None) == np.float64
                    else v for k, v in data.items()}
        return data

    def start(self, configuration):
        """Parameters and noise at which values are compared and times are
        taken. All are single-precision numbers."""
        rng = np.random.default_rng(1)
        size = configuration.size
        if hasattr(self.module, "start"):
            phi = self.module.start(size, rng)
        else:
            phi = start_of_sites(self.sites(size), self.guide, rng)
        noise = rng.normal(size=(configuration.samples, self.noise_count(size)))
        return (np.float64(np.float32(phi)), np.float64(np.float32(noise)))


def start_of_sites(sites, guide, rng):
    """Locations near zero, scales near 0.1."""
    if guide == "fullrank":
        n = sum(site.count for site in sites)
        return np.concatenate([0.05 * rng.normal(size=n),
                               -2 + 0.1 * rng.normal(size=n),
                               0.01 * rng.normal(size=n * (n - 1) // 2)])
    parts = []
    for site in sites:
        parts += [0.1 * rng.normal(size=site.count),
                  -2 + 0.1 * rng.normal(size=site.count)]
    return np.concatenate(parts)


def all_workloads():
    names = [p.name for p in FOLDER.iterdir() if (p / "workload.py").exists()]
    return sorted((Workload(n) for n in names), key=lambda w: (w.number, w.name))
