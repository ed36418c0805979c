# Models that can be any normal distribution of one number reach its maximum
# likelihood: a hierarchy of latents, a learned prior, and a latent for each datum
# whose guide is stored, alone or beside a function of the data.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/generative %t

import json
import pathlib
import sys

import numpy as np

import fits

inputs, output = map(pathlib.Path, sys.argv[1:])
x = 3 + 2 * np.random.RandomState(12).standard_normal(60)
np.save(output / "x.npy", x)
best = -x.size / 2 * (np.log(2 * np.pi * x.var()) + 1)
for name, options in [("hierarchy", []), ("learned-prior", []), ("stored", []),
                      ("stored", ["--guide", "meanfield"])]:
    what = " ".join([name, *options])
    summary = fits.fit(output / what.replace(" ", ""), inputs / f"{name}.mlir",
                       "--data", f"x={output}/x.npy", *options, status=(0, 3))
    gap = best - summary["elbo"]
    fits.check(-1e-6 - 4 * summary["elbo_mcse"] < gap < 1e-4,
               f"{what}: the bound is {gap:.1e} nats below the maximum likelihood")

# Where each datum has parameters, minibatches are blocks of the data, which a
# warning says, and nothing can be held out.
text = fits.vi_fit(inputs / "stored.mlir", "--data", f"x={output}/x.npy",
                   "--guide", "meanfield", "--epochs", 400, "--batch-size", 7,
                   "--learning-rate", 0.05, "--schedule", "cosine", "--output",
                   output / "blocks")
fits.check("minibatches are blocks of members of plate 'datum'" in text,
           "blocks are warned of")

summary = json.loads((output / "blocks" / "summary.json").read_text())
gap = best / x.size - summary["bound_per_datum"]
fits.check(-1e-6 < gap < 0.01, f"trained in blocks: {gap:.1e} nats a datum below")
text = fits.vi_fit(inputs / "stored.mlir", "--data", f"x={output}/x.npy",
                   "--epochs", 2, "--validation", 0.1, status=1)
fits.check("members of plate 'datum' cannot be held out" in text,
           "stored latents cannot be held out")
fits.finish()
