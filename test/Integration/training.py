# Training by epochs, against optimizers written in NumPy: a regression, whose
# bound and gradient are known.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/training %t

import csv
import json
import pathlib
import sys

import numpy as np

import fits

inputs, output = map(pathlib.Path, sys.argv[1:])
random = np.random.RandomState(7)
count = 103
x = random.standard_normal((count, 3))
y = (x @ random.standard_normal((3, 2)) + [1, -1]
     + 0.7 * random.standard_normal((count, 2)))
np.save(output / "x.npy", x)
np.save(output / "y.npy", y)
column = x[:, 0].copy()
np.save(output / "column.npy", column)


def bound(W, b, t):
    """Per datum, with its gradient; t is log sigma."""
    r = y - x @ W.T - b
    s2 = np.exp(2 * t)
    value = -(r ** 2).sum() / s2 / 2 - r.size * (t + np.log(2 * np.pi) / 2)
    gradient = [r.T @ x / s2, r.sum(0) / s2, (r ** 2).sum() / s2 - r.size]
    return value / count, [g / count for g in gradient]


def train(name, *options, status=0):
    fits.vi_fit(inputs / "regression.mlir", "--data", f"x={output}/x.npy",
                "--data", f"y={output}/y.npy", "--output", output / name,
                "--quiet", *options, status=status)
    found = json.loads((output / name / "parameters.json").read_text())
    with (output / name / "training.csv").open(newline="") as file:
        records = [{key: float(value) for key, value in row.items()}
                   for row in csv.DictReader(file)]
    return [np.array(found["W"]), np.array(found["b"]),
            np.array(found["sigma"])], records


def start():
    return [np.full((2, 3), 0.25), np.full(2, -0.5), np.array(0.0)]


def numpy_train(epochs, rule, rate, decay=0.0, clip=np.inf, momentum=0.9):
    p = start()
    first = [np.zeros_like(v) for v in p]
    second = [np.zeros_like(v) for v in p]
    for step in range(epochs):
        _, g = bound(*p)
        length = np.sqrt(sum((v ** 2).sum() for v in g))
        if length > clip:
            g = [v * clip / length for v in g]
        r = rate(step)
        for k in range(3):
            # Weights alone decay: what has rank two.
            shrink = decay if p[k].ndim == 2 else 0
            if rule == "sgd":
                first[k] = momentum * first[k] + g[k] - shrink * p[k]
                p[k] = p[k] + r * first[k]
                continue
            if rule == "adamw":
                p[k] = p[k] * (1 - r * shrink)
            first[k] = 0.9 * first[k] + 0.1 * g[k]
            second[k] = 0.999 * second[k] + 0.001 * g[k] ** 2
            p[k] = p[k] + r * (first[k] / (1 - 0.9 ** (step + 1))) / (
                np.sqrt(second[k] / (1 - 0.999 ** (step + 1))) + 1e-8)
    return p


def compare(name, epochs, options, *arguments, **named):
    found, _ = train(name, "--epochs", epochs, *options)
    expected = numpy_train(epochs, *arguments, **named)
    error = max(np.abs(a - b).max() for a, b in zip(found, expected))
    fits.check(error < 1e-12, f"{name}: parameters within {error:.1e}")


# All data at once: a step an epoch.
compare("adam", 40, [], "adam", lambda step: 1e-3)
compare("adamw", 30, ["--optimizer", "adamw", "--weight-decay", 0.3,
                      "--learning-rate", 0.02, "--schedule", "cosine"],
        "adamw", lambda step: 0.01 * (1 + np.cos(np.pi * step / 30)), decay=0.3)
compare("sgd", 30, ["--optimizer", "sgd", "--momentum", 0.8, "--learning-rate",
                    0.02, "--clip-norm", 0.5, "--weight-decay", 0.1,
                    "--schedule", "step", "--decay-epochs", 10,
                    "--decay-factor", 0.5, "--warmup", 4],
        "sgd", lambda step: 0.02 * ((step + 1) / 5 if step < 4
                                    else 0.5 ** (step // 10)),
        decay=0.1, clip=0.5, momentum=0.8)

# Minibatches of 10 or 9 of the 103: with steps that are next to nothing, the
# mean of an epoch is the bound of all data, and the sum of its steps their
# gradient: every datum counts once, and as much as the others.
value, gradient = bound(*start())
rate = 1e-10
found, records = train("batches", "--epochs", 2, "--batch-size", 10,
                       "--optimizer", "sgd", "--momentum", 0,
                       "--learning-rate", rate)
error = abs(records[0]["objective"] - value)
fits.check(error < 1e-6, f"mean of an epoch within {error:.1e} of the bound")
steps = records[-1]["steps"]
fits.check(steps == 22, f"{steps} steps of two epochs")
error = max(np.abs((a - b) / rate / steps - g).max()
            for a, b, g in zip(found, start(), gradient))
fits.check(error < 1e-5, f"mean of the gradients within {error:.1e}")
one, _ = train("seed", "--epochs", 1, "--batch-size", 10, "--learning-rate",
               0.01, "--seed", 2)
two, _ = train("seed", "--epochs", 1, "--batch-size", 10, "--learning-rate",
               0.01, "--seed", 3)
fits.check(np.abs(one[0] - two[0]).max() > 1e-6, "seeds differ in their order")

# What is held out and what is not are all the data.
_, records = train("held-out", "--epochs", 1, "--batch-size", 10,
                   "--optimizer", "sgd", "--momentum", 0, "--learning-rate",
                   1e-12, "--validation", 0.2)
summary = json.loads((output / "held-out" / "summary.json").read_text())
fits.check(summary["held_out_data"] == 21 and summary["data"] == 82,
           "a fifth of 103 is held out")
error = abs(82 * records[0]["objective"] + 21 * records[0]["held_out"]
            - count * value) / count
fits.check(error < 1e-9, f"the parts' bounds add up within {error:.1e}")

# Early stopping: a rate at which the bound soon falls again.
_, records = train("stop", "--epochs", 500, "--batch-size", 10,
                   "--learning-rate", 0.5, "--validation", 0.2, "--patience", 5)
held_out = [record["held_out"] for record in records]
best = int(np.argmax(held_out))
fits.check(len(records) == best + 6 < 500,
           f"best in epoch {best + 1}, stopped after {len(records)}")
summary = json.loads((output / "stop" / "summary.json").read_text())
fits.check(summary["best_epoch"] == best + 1 and
           abs(summary["held_out_bound_per_datum"] - held_out[best]) < 1e-9,
           "the parameters are those of the best epoch")
svg = (output / "stop" / "training.svg").read_text()
fits.check(svg.startswith("<svg") and svg.count("<polyline") == 2,
           "the learning curves are drawn")

# KL warm-up: the objective is the expected log-likelihood less the weight times
# the divergence, which is known for the guide that training starts with.
fits.vi_fit(inputs.parent / "generative" / "learned-prior.mlir", "--data",
            f"x={output}/column.npy", "--epochs", 6, "--kl-warmup", 4,
            "--optimizer", "sgd", "--momentum", 0, "--learning-rate", 1e-12,
            "--output", output / "warmup", "--quiet")
with (output / "warmup" / "training.csv").open(newline="") as file:
    rows = [(float(row["kl_weight"]), float(row["objective"]))
            for row in csv.DictReader(file)]
weights, objectives = zip(*rows)
fits.check(weights == (0, 0.25, 0.5, 0.75, 1, 1), "the weight grows")
likelihood = np.mean(-0.5 * ((0.7 * column) ** 2 + 1) / 0.25 - np.log(0.5)
                     - 0.5 * np.log(2 * np.pi))
divergence = np.mean((0.3 * column) ** 2) / 2
error = max(abs(value - (likelihood - weight * divergence))
            for weight, value in rows)
fits.check(error < 1e-9, f"the objective of KL warm-up within {error:.1e}")

# A parameter that starts at the numbers of a file.
weights = random.standard_normal((2, 3))
np.save(output / "weights.npy", weights)
np.save(output / "transposed.npy", weights.T)
still = ["--epochs", 1, "--optimizer", "sgd", "--learning-rate", 1e-300]
found, _ = train("init", *still, "--init-parameter", f"W={output}/weights.npy")
fits.check(np.array_equal(found[0], weights) and np.all(found[1] == -0.5),
           "one parameter is of the file, the others are as they were")
for argument, message in [
        (f"V={output}/weights.npy", "`V` is not a parameter of this fit"),
        (f"W={output}/transposed.npy", "is a matrix of 3 x 2: expected a "
         "matrix of 2 x 3")]:
    text = fits.vi_fit(inputs / "regression.mlir", "--data",
                       f"x={output}/x.npy", "--data", f"y={output}/y.npy",
                       *still, "--init-parameter", argument, status=1)
    fits.check(message in text, text.strip())

# What does not go together is said.
for options, message in [
        (["--validation", 0.1], "--validation is of training, and needs --epochs"),
        (["--epochs", 0], "--epochs must be positive"),
        (["--epochs", 2, "--patience", 1], "needs --validation"),
        (["--epochs", 2, "--resume"], "need --output"),
        (["--epochs", 2, "--iterations", 5], "--epochs does not go with"),
        (["--optimizer", "sgd"], "need --epochs"),
        (["--epochs", 2, "--init", "random"], "takes a parameters.json")]:
    text = fits.vi_fit(inputs / "regression.mlir", "--data",
                       f"x={output}/x.npy", "--data", f"y={output}/y.npy",
                       *options, status=2)
    fits.check(message in text, text.strip())
text = fits.vi_fit(inputs / "regression.mlir", "--data", f"x={output}/x.npy",
                   "--data", f"y={output}/y.npy", "--epochs", 2,
                   "--importance-samples", 3, status=1)
fits.check("has no importance-weighted bound" in text, text.strip())
fits.finish()
