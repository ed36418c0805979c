# The linear-response covariance of a normal posterior is the posterior's, whatever
# the family leaves out. Here the Hessian, of 802 parameters, is too large to be
# formed, and its products with vectors are compiled: each latent's answer is a
# solve by conjugate gradients. Sites, and generated quantities of several latents,
# against closed forms.
#
# REQUIRES: vi-fit, numpy
# RUN: rm -rf %t && mkdir %t && %python %s %t

import json
import pathlib
import sys

import numpy as np

import fits

output = pathlib.Path(sys.argv[1])
model = pathlib.Path(__file__).parent / "Inputs" / "linear-response" / "model.mlir"
random = np.random.default_rng(8)
J, N = 400, 16000
group = np.concatenate([np.arange(J), random.integers(0, J // 2, N - J)])
y = (3 + random.standard_normal(J))[group] + random.standard_normal(N)
(output / "data.json").write_text(json.dumps(
    {"J": J, "group": (group + 1).tolist(), "y": y.tolist()}))

# The posterior of (mu, a): precision and mean.
n = np.bincount(group, minlength=J)
precision = np.diag(np.concatenate([[0.01 + N], 1.0 + n]))
precision[0, 1:] = precision[1:, 0] = n
covariance = np.linalg.inv(precision)
mean = covariance @ np.concatenate([[y.sum()], np.bincount(group, y, J)])
sd = np.sqrt(np.diag(covariance))


def fit(folder, *options):
    fits.vi_fit(model, "--data", output / "data.json", "--output",
                output / folder, *options)
    return json.loads((output / folder / "summary.json").read_text())


def collect(summary, statistic):
    sites = summary["sites"]
    return np.concatenate([np.atleast_1d(sites[name][statistic])
                           for name in ("mu", "a")])


summary = fit("response")
fits.check(summary["method"] == "newton" and summary["converged"],
           f"converged by {summary['method']}, {summary['method_reason']}")
fits.check(summary["newton_decrement"] <= 1e-4,
           f"Newton decrement {summary['newton_decrement']:.1e}")
products = summary["hessian_vector_products"]
fits.check(products >= J and summary["gradient_evaluations"] > 2 * products,
           f"{products} products of the Hessian, "
           f"{summary['gradient_evaluations']} gradients")
# The decrement says how far means are off, in these deviations.
error = np.max(np.abs(collect(summary, "mean") - mean) / sd)
fits.check(error <= 1.1e-4, f"means within {error:.1e} sd")
# Solves leave 1e-5 of the right-hand side, in units of q.
error = np.max(np.abs(collect(summary, "sd") / sd - 1))
fits.check(error <= 1e-4, f"sd within {error:.1e}")
# q is the conditional: precisions are the diagonal's.
guide = 1 / np.sqrt(np.diag(precision))
error = np.max(np.abs(collect(summary, "sd_q") / guide - 1))
fits.check(error <= 1e-4, f"sd_q within {error:.1e}")

# Quantities of several latents: 8192 draws, whose second moments err by 1.6 %
# (twice that is tested).
weights = np.zeros((2, J + 1))
weights[0, :2] = 1
weights[1, 1:3] = 1, -1
expected = np.sqrt(np.diag(weights @ covariance @ weights.T))
expected[1] = (np.exp(weights[1] @ mean + expected[1] ** 2 / 2)
               * np.sqrt(np.expm1(expected[1] ** 2)))
for name, value in zip(("level", "ratio"), expected):
    got = summary["sites"][name]["sd"]
    fits.check(abs(got / value - 1) <= 0.032,
               f"{name}: sd {got:.5f}, exactly {value:.5f}")

# As asked for, the guide's own.
summary = fit("guide", "--covariance=guide")
error = np.max(np.abs(collect(summary, "sd") / guide - 1))
fits.check(error <= 1e-4 and not any("sd is" in w for w in summary["warnings"]),
           f"--covariance=guide: sd of q within {error:.1e}")

# A guide with correlations is refused over fewer draws than twice the latents.
mixture = fits.EXAMPLES / "gaussian_mixture"
text = fits.vi_fit(mixture / "model.mlir", "--data", mixture / "data.json",
                   "--guide=fullrank", "--samples=8", status=1)
fits.check("of 5 latents needs at least 10 held draws" in text,
           "too few held draws are refused")
fits.finish()
