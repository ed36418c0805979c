# A mixture whose parameters are learned as the prior of a local latent. Data are
# normal given the latent, so that log p(x) is known: a mixture of normal vectors.
# Training comes as close to it as the family of the guide allows, and
# importance sampling gives it, with its constants.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/mixture-prior/model.mlir %t

import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import scipy.special
import scipy.stats

import fits

model, output = map(pathlib.Path, sys.argv[1:3])
random = np.random.RandomState(3)
count = 900
truth = {"prior_loc": np.array([-4.0, 0.0, 3.0]),
         "prior_scale": np.log([0.7, 0.4, 0.5]),
         "prior_logits": np.log([0.5, 0.2, 0.3]),
         "weights": np.array([[1.0], [0.5], [-1.0], [0.2]]),
         "bias": np.array([1.0, -1.0, 0.5, 0.0]), "sigma": np.log(0.3)}


def components(p):
    """Weights, means and covariances of the data's components."""
    W = np.reshape(p["weights"], (4, 1))
    for k in range(3):
        yield (scipy.special.log_softmax(p["prior_logits"])[k],
               np.asarray(p["bias"]) + W[:, 0] * p["prior_loc"][k],
               W @ W.T * np.exp(2 * p["prior_scale"][k])
               + np.exp(2 * p["sigma"]) * np.eye(4))


def log_density(p, x):
    return scipy.special.logsumexp(
        [weight + scipy.stats.multivariate_normal(mean, covariance).logpdf(x)
         for weight, mean, covariance in components(p)], axis=0).mean()


k = random.choice(3, count, p=np.exp(truth["prior_logits"]))
z = random.normal(truth["prior_loc"][k], np.exp(truth["prior_scale"])[k])
x = (z[:, None] * truth["weights"][:, 0] + truth["bias"]
     + np.exp(truth["sigma"]) * random.standard_normal((count, 4)))
np.save(output / "x.npy", x)
# Components that are equal stay equal.
np.save(output / "loc.npy", np.array([-1.0, 0.0, 1.0]))


def vi_fit(*arguments):
    process = subprocess.run([str(fits.BUILD / "bin" / "vi-fit"),
                              *map(str, arguments)],
                             capture_output=True, text=True)
    fits.check(process.returncode == 0, "ends well " + process.stderr.strip())
    return process.stdout + process.stderr


text = vi_fit(model, "--data", f"x={output}/x.npy", "--epochs", 400,
              "--batch-size", 90, "--learning-rate", 0.01, "--schedule",
              "cosine", "--init-parameter", f"prior_loc={output}/loc.npy",
              "--output", output / "fit")
fits.check("up to a constant" not in text,
           "the density that is summed is known to integrate to one")
learned = {name: np.array(value) for name, value in json.loads(
    (output / "fit" / "parameters.json").read_text()).items()}
best, exact = log_density(truth, x), log_density(learned, x)
# The maximum is above the truth by half the number of parameters, 14 that the
# data know, over their number; the guide's family costs some of it.
fits.check(-0.02 < exact - best < 0.02,
           f"log p(x) {exact:.4f} nats a datum where training ends, "
           f"{best:.4f} with the parameters that made the data")
single = scipy.stats.multivariate_normal(
    x.mean(0), np.cov(x.T, bias=True)).logpdf(x).mean()
fits.check(exact > single + 0.1,
           f"any single normal vector has {single:.4f} at most")
text = vi_fit("loglik", model, "--data", f"x={output}/x.npy", "--parameters",
              output / "fit" / "parameters.json", "--samples", 2000)
found = re.search(r"log p\(x\) +(\S+) nats.*?(?:error (\S+)\))", text)
bound = float(re.search(r"bound +(\S+) nats", text)[1])
value = float(found[1])
# Weights of 2000 draws for each of 900 data: their scatter is of order one.
fits.check(abs(value - exact) < 2e-3,
           f"importance sampling: {value:.4f}, {value - exact:+.1e} off")
fits.check(exact - 0.1 < bound < exact + 1e-3,
           f"bound {bound:.4f}, {exact - bound:.4f} below")
fits.finish()
