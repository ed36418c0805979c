#!/usr/bin/env python3
#===- autoencoder.py - what the digits autoencoder can reach --------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Trains the autoencoder of examples/digits_vae in NumPy, with derivatives by
hand and Adam on minibatches, and writes test/Integration/References/
digits_vae.json: the ELBO of all images for a few seeds (`elbo`), beside that of
the best model without a latent (`independent_pixels`).

    /usr/bin/python3 utils/truth/autoencoder.py [SEEDS]
"""

import json
import sys

import numpy as np

import models

HIDDEN, LATENT = 32, 4


def initial(random):
    def weights(rows, columns):
        return random.standard_normal((rows, columns)) / np.sqrt(columns)
    return {"e1": weights(HIDDEN, 64), "f1": np.zeros(HIDDEN),
            "em": weights(LATENT, HIDDEN), "fm": np.zeros(LATENT),
            "es": weights(LATENT, HIDDEN), "fs": np.zeros(LATENT),
            "d1": weights(HIDDEN, LATENT), "c1": np.zeros(HIDDEN),
            "d2": weights(64, HIDDEN), "c2": np.zeros(64)}


def elbo_and_gradient(p, x, noise):
    """Sum over the images; KL(q || p) in closed form."""
    h = np.tanh(x @ p["e1"].T + p["f1"])
    m = h @ p["em"].T + p["fm"]
    log_s = h @ p["es"].T + p["fs"]
    s = np.exp(log_s)
    z = m + s * noise
    g = np.tanh(z @ p["d1"].T + p["c1"])
    logits = g @ p["d2"].T + p["c2"]
    value = (np.sum(x * logits - models.softplus(logits))
             - np.sum((m ** 2 + s ** 2 - 1) / 2 - log_s))

    to_logits = x - models.sigmoid(logits)
    to_g = to_logits @ p["d2"] * (1 - g ** 2)
    to_z = to_g @ p["d1"]
    to_m = to_z - m
    to_log_s = to_z * noise * s - s ** 2 + 1
    to_h = (to_m @ p["em"] + to_log_s @ p["es"]) * (1 - h ** 2)
    return value, {"e1": to_h.T @ x, "f1": to_h.sum(0),
                   "em": to_m.T @ h, "fm": to_m.sum(0),
                   "es": to_log_s.T @ h, "fs": to_log_s.sum(0),
                   "d1": to_g.T @ z, "c1": to_g.sum(0),
                   "d2": to_logits.T @ g, "c2": to_logits.sum(0)}


def train(x, seed, epochs=400, batch=100):
    random = np.random.RandomState(seed)
    p = initial(random)
    first = {k: np.zeros_like(v) for k, v in p.items()}
    second = {k: np.zeros_like(v) for k, v in p.items()}
    step = 0
    for epoch in range(epochs):
        rate = 5e-3 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        order = random.permutation(len(x))
        for begin in range(0, len(x), batch):
            part = x[order[begin:begin + batch]]
            _, gradient = elbo_and_gradient(
                p, part, random.standard_normal((len(part), LATENT)))
            step += 1
            for k, g in gradient.items():
                g = g / len(part)
                first[k] = 0.9 * first[k] + 0.1 * g
                second[k] = 0.999 * second[k] + 0.001 * g ** 2
                p[k] = p[k] + rate * (first[k] / (1 - 0.9 ** step)) / (
                    np.sqrt(second[k] / (1 - 0.999 ** step)) + 1e-8)
    values = [elbo_and_gradient(p, x, random.standard_normal((len(x), LATENT)))
              [0] for _ in range(20)]
    return float(np.mean(values))


def check_gradient(x):
    random = np.random.RandomState(1)
    p = initial(random)
    noise = random.standard_normal((len(x), LATENT))
    _, gradient = elbo_and_gradient(p, x, noise)
    for k in p:
        direction = random.standard_normal(p[k].shape)
        up, down = ({**p, k: p[k] + t * direction} for t in (1e-5, -1e-5))
        numeric = (elbo_and_gradient(up, x, noise)[0]
                   - elbo_and_gradient(down, x, noise)[0]) / 2e-5
        exact = np.sum(gradient[k] * direction)
        assert abs(numeric - exact) < 1e-6 * (1 + abs(exact)), (k, numeric, exact)


def main():
    x = np.load(models.EXAMPLES / "digits_vae" / "data.npy").astype(float)
    check_gradient(x[:7])
    mean = x.mean(0)
    inside = (mean > 0) & (mean < 1)
    pixels = len(x) * np.sum(mean[inside] * np.log(mean[inside])
                             + (1 - mean[inside]) * np.log(1 - mean[inside]))
    reached = []
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        reached.append(train(x, seed))
        print(f"seed {seed}: {reached[-1]:.1f}, "
              f"{reached[-1] / len(x):.3f} an image", flush=True)
    reference = {"images": len(x), "independent_pixels": round(float(pixels), 1),
                 "elbo": [round(v, 1) for v in reached]}
    path = (models.EXAMPLES.parent / "test" / "Integration" / "References"
            / "digits_vae.json")
    path.write_text(json.dumps(reference) + "\n")
    print(reference)


if __name__ == "__main__":
    main()
