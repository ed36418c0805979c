# The compiled functions of each example against its density written a second time
# in NumPy (utils/truth/models.py): the log joint density, the ELBO of a mean-field
# guide, whose exact value is known, and the ELBO's gradient, also against central
# differences of the compiled ELBO.
#
# REQUIRES: numpy, scipy
# RUN: rm -rf %t && %python %s %t

import json
import pathlib
import sys

import numpy as np

import exported
import fits
import models

output = pathlib.Path(sys.argv[1])


def whitened(random, count, dimension):
    """Antithetic standard normals with unit second moments."""
    x = random.standard_normal((count // 2, dimension))
    x = np.concatenate([x, -x])
    return x @ np.linalg.inv(np.linalg.cholesky(x.T @ x / len(x))).T


def differences(function, x, step):
    """Central differences of fourth order."""
    result = np.empty_like(x)
    for i in range(x.size):
        e = np.zeros_like(x)
        e[i] = step
        result[i] = (8 * (function(x + e) - function(x - e))
                     - (function(x + 2 * e) - function(x - 2 * e))) / (12 * step)
    return result


for name in models.MODELS:
    random = np.random.RandomState(11)
    data = models.read_data(models.data_file(name))
    model = models.load(name)
    if name.startswith("radon"):
        data["J"], data["county_idx"] = model.J, model.county + 1
    options = ["--guide=meanfield"] if name == "bernoulli_beta" else []
    library = exported.Library(fits.EXAMPLES / name / "model.mlir",
                               output / name, *options)
    d = model.dimension
    joint, elbo, gradient = (library.find(suffix) for suffix in (
        "_log_joint", "_elbo", "_elbo_gradient"))
    phi_name, u_name = [n for n in library.names(joint)
                        if n not in data and "_size" not in n]

    # The log joint density at a few points.
    worst = 0
    for scale in (0.3, 1, 2):
        u = scale * random.standard_normal(d)
        got = library.call(joint, {**data, phi_name: np.zeros(2 * d),
                                   u_name: u})
        expected = model.log_joint(u[None])[0]
        worst = max(worst, abs(got - expected) / (1 + abs(expected)))
    fits.check(worst <= 1e-13, f"{name}: log joint within {worst:.1e}")

    # The ELBO of a guide near the best one. Its parameters are, site by site,
    # the means and the logarithms of the standard deviations.
    reference = json.loads((fits.SOURCE / "test" / "Integration" / "References"
                            / f"{name}.json").read_text())
    means, deviations, phi = [], [], []
    for site in model.sites:
        truth = reference["sites"][site.name]
        s = (np.atleast_1d(truth["s"])
             * np.exp(0.1 * random.standard_normal(site.count)))
        m = (np.atleast_1d(truth["m"])
             + 0.1 * s * random.standard_normal(site.count))
        means.append(m)
        deviations.append(s)
        phi += [m, np.log(s)]
    m, s, phi = (np.concatenate(v) for v in (means, deviations, phi))
    values = {**data, **library.prepare(data)}
    count = len(next(v for v in data.values() if isinstance(v, list)))
    for argument in library.names(elbo):
        if argument.endswith("_begin"):
            values[argument] = 0
        elif argument.endswith("_scale"):
            values[argument] = 1
        elif argument.endswith("_end"):
            values[argument] = count - (data["K"] if name == "ark" else 0)
    noise = whitened(random, max(4 * d, 400), d)
    values["noise"] = noise

    def value(x):
        return library.call(elbo, {**values, phi_name: x})

    got = value(phi)
    if hasattr(model, "elbo"):
        expected = model.elbo(m, s)
        fits.check(abs(got - expected) <= 0.02,
                   f"{name}: ELBO {got:.6f}, exactly {expected:.6f}")
    values["noise"] = noise[::len(noise) // 16]
    shapes = {n: (2 * d,) for n in library.names(gradient) if "gradient" in n}
    got, got_gradient = library.call(gradient, {**values, phi_name: phi}, shapes)
    fits.check(abs(got - value(phi)) <= 1e-12 * (1 + abs(got)),
               f"{name}: the value beside the gradient is the ELBO")
    steps = differences(value, phi, 1e-3 * np.min(s))
    magnitude = np.maximum(np.abs(steps), 1e-2 * (1 + abs(got)))
    error = np.max(np.abs(got_gradient - steps) / magnitude)
    fits.check(error <= 1e-6, f"{name}: gradient within {error:.1e} of central "
               "differences")
fits.finish()
