#===- in_jax.py - the variational autoencoder ---------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
import jax.numpy as xp
from jax.nn import relu, softplus


def prepare(data, dtype):
    return {"x": data["x"].astype(dtype)}


def elbo(data, layers, noise):
    (weights1, bias1, mean_weights, mean_bias, scale_weights, scale_bias,
     decoder_weights1, decoder_bias1, decoder_weights2, decoder_bias2) = layers
    x = data["x"]
    hidden = relu(x @ weights1.T + bias1)
    mean = hidden @ mean_weights.T + mean_bias
    log_scale = hidden @ scale_weights.T + scale_bias
    scale = xp.exp(log_scale)
    z = mean + scale * noise[0].reshape(mean.shape)
    hidden = relu(z @ decoder_weights1.T + decoder_bias1)
    logits = hidden @ decoder_weights2.T + decoder_bias2
    divergence = xp.sum(0.5 * (scale * scale + mean * mean - 1) - log_scale)
    return xp.sum(x * logits - softplus(logits)) - divergence
