#===- workload.py - the variational autoencoder -------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import numpy as np
from workload import TRANSCENDENTAL, Configuration

NUMBER = 10
TITLE = "variational autoencoder"
GUIDE = None
CONFIGURATIONS = [Configuration({"N": 128}, "f32")]
QUICK = {"N": 32}

# In the order of the parameter vector: the guide's, then the model's.
LAYERS = [("encoder_weights1", (400, 784)), ("encoder_bias1", (400,)),
          ("mean_weights", (20, 400)), ("mean_bias", (20,)),
          ("scale_weights", (20, 400)), ("scale_bias", (20,)),
          ("decoder_weights1", (400, 20)), ("decoder_bias1", (400,)),
          ("decoder_weights2", (784, 400)), ("decoder_bias2", (784,))]
WEIGHTS = 784 * 400 + 2 * 20 * 400 + 20 * 400 + 400 * 784


def generate(size, rng):
    # Pictures of some structure: thresholded mixtures of a few patterns.
    patterns = rng.normal(size=(16, 784))
    return {"x": rng.normal(size=(size["N"], 16)) @ patterns > 0}


def start(size, rng):
    return np.concatenate(
        [(rng.normal(size=shape) * 0.05).ravel() for _, shape in LAYERS])


def noise_count(size):
    return 20 * size["N"]


def work(size, samples):
    # Each weight forward, for its own derivative, and, but in the first layer,
    # for that of the layer's input.
    N = size["N"]
    flops = 6 * WEIGHTS - 2 * 784 * 400 + 2 * 784 * TRANSCENDENTAL
    return N * 784 + 2 * 4 * WEIGHTS, samples * N * flops
