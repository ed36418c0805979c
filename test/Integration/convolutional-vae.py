# A convolutional autoencoder in f32, of the layers of lib/Layers/layers.mlir,
# learns digits: better than pixels that are independent, whose likelihood is
# known.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/layers %t

import json
import pathlib
import sys

import numpy as np

import fits

inputs, output = map(pathlib.Path, sys.argv[1:])
data = fits.EXAMPLES / "digits_vae" / "data.npy"
fits.vi_fit(inputs / "convolutional-vae.mlir", "--include",
            fits.SOURCE / "lib" / "Layers" / "layers.mlir", "--data",
            f"x={data}", "--batch-size", 100, "--epochs", 30,
            "--learning-rate", 0.005, "--validation", 0.1, "--output", output,
            "--quiet")
bound = json.loads((output / "summary.json").read_text())[
    "held_out_bound_per_datum"]
x = np.load(data)
p = (x.sum(0) + 0.5) / (len(x) + 1)
independent = np.where(x, np.log(p), np.log1p(-p)).sum(1).mean()
fits.check(bound > independent + 4, f"held-out bound {bound:.2f}, of "
           f"independent pixels {independent:.2f}")
fits.finish()
