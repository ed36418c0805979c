# The compiled functions of each example against its density written a second time
# in NumPy (utils/truth/models.py): the log joint density, the ELBO of a mean-field
# guide, whose exact value is known, and the ELBO's gradient against central
# differences of the compiled ELBO: within 1e-6 of the larger of a component and
# the sum of the magnitudes of its summands (the members of the data plates, and
# what is outside of them). Value and gradient of the ELBO allocate as much memory
# for a few data as for many. Gradients of guides written by hand and of a full-rank
# one, too; of the autoencoder, whose numbers are all f64 like the others', for
# some elements of every weight and bias and the first images. Products of the
# Hessian against differences of the gradient.
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


def differences(function, x, step, indices):
    """Central differences of sixth order."""
    result = []
    for i in indices:
        e = np.zeros_like(x)
        e[i] = step
        pairs = [function(x + k * e) - function(x - k * e) for k in (1, 2, 3)]
        result.append(np.dot([45, -9, 1], pairs) / (60 * step))
    return np.array(result)


def whole_plates(library, function, count):
    """The arguments that make an ELBO run over `count` members."""
    values = {}
    for argument in library.names(function):
        if argument.endswith("_begin"):
            values[argument] = 0
        elif argument.endswith("_scale"):
            values[argument] = 1
        elif argument.endswith("_end"):
            values[argument] = count
    return values


def check_memory(label, library, data, more, gradient_shape):
    """That the ELBO and its gradient allocate nothing as long as the data: the
    same for 64 times as many as for 16 times as many. (Few data may be one chunk
    of members, with no sums of its own; the later chunks share theirs.)"""
    elbo, gradient = library.find("_elbo"), library.find("_elbo_gradient")
    sizes = {len(v) for v in data.values() if np.ndim(v)}
    shapes = {n: gradient_shape for n in library.names(gradient)
              if "gradient" in n}
    bytes_ = []
    for copies in 16, 64:
        these = {name: np.concatenate([np.asarray(v)] * copies) if np.ndim(v)
                 else copies * v if v in sizes else v
                 for name, v in data.items()}
        count = max(len(v) for v in these.values() if np.ndim(v))
        count -= data["K"] if label == "ark" else 0
        values = {**more, **these, **library.prepare(these),
                  **whole_plates(library, elbo, count)}
        if label == "digits_vae":
            values["noise"] = np.zeros((3, 4 * count))
        bytes_.append((library.count_bytes(elbo, values),
                       library.count_bytes(gradient, values, shapes)))
    fits.check(bytes_[0] == bytes_[1], f"{label}: {bytes_[0]} bytes for ELBO and "
               f"gradient of 16 times the data, {bytes_[1]} of 64 times")


def check_gradient(label, library, values, phi_name, phi, step, indices=None):
    """The gradient at `phi` against differences of the ELBO."""
    elbo, gradient = library.find("_elbo"), library.find("_elbo_gradient")
    indices = np.arange(phi.size) if indices is None else indices
    shapes = {n: phi.shape for n in library.names(gradient) if "gradient" in n}

    def value(x):
        return library.call(elbo, {**values, phi_name: x})

    def evaluate(**range_):
        return library.call(gradient, {**values, **range_, phi_name: phi},
                            shapes)

    total, got = evaluate()
    fits.check(abs(total - value(phi)) <= 1e-12 * (1 + abs(total)),
               f"{label}: the value beside the gradient is the ELBO")
    # The summands: each member alone, and nothing of any plate.
    ends = [n for n in values if n.endswith("_end")]
    _, outside = evaluate(**{end: 0 for end in ends})
    magnitude = np.abs(outside)
    for end in ends:
        nothing = {other: 0 for other in ends}
        for member in range(values[end]):
            begin = end[:-len("end")] + "begin"
            _, alone = evaluate(**{**nothing, begin: member, end: member + 1})
            magnitude += np.abs(alone - outside)
    steps = differences(value, phi, step, indices)
    scale = np.maximum(np.abs(steps), magnitude[indices])
    error = np.max(np.abs(got[indices] - steps) / np.maximum(scale, 1e-300))
    fits.check(error <= 1e-6, f"{label}: gradient within {error:.1e} of central "
               "differences")


def check_product(label, library, values, phi_name, phi, steps, random):
    """The Hessian's product with directions v against differences of the
    gradient along them, for random vectors w: w'Hv within 1e-6 of the sum of
    the magnitudes that it is made of (differences of fourth order of a
    gradient with 1e-13 of rounding leave some 1e-9); and w'Hv = v'Hw, up to
    the rounding of sums over the members."""
    gradient = library.find("_elbo_gradient")
    product = library.find("_elbo_hessian_vector_product")
    shapes = {n: phi.shape for n in library.names(gradient) if "gradient" in n}

    def slope(x):
        return library.call(gradient, {**values, phi_name: x}, shapes)[1]

    def multiply(v):
        result = library.call(product, {**values, phi_name: phi,
                                        "direction": v},
                              {"product": phi.shape})
        return result[-1] if isinstance(result, tuple) else result

    worst = asymmetry = 0
    for _ in range(3):
        v, w = steps * random.standard_normal((2, phi.size))
        hv = multiply(v)
        t = 1e-2
        expected = (8 * (slope(phi + t * v) - slope(phi - t * v))
                    - (slope(phi + 2 * t * v) - slope(phi - 2 * t * v))
                    ) / (12 * t)
        magnitude = np.sum(np.abs(w * hv)) + 1e-300
        worst = max(worst, abs(w @ hv - w @ expected) / magnitude)
        asymmetry = max(asymmetry, abs(w @ hv - v @ multiply(w)) / magnitude)
    fits.check(worst <= 1e-6, f"{label}: Hessian-vector product within "
               f"{worst:.1e} of differences")
    fits.check(asymmetry <= 1e-9, f"{label}: symmetric within {asymmetry:.1e}")


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
    count = len(next(v for v in data.values() if isinstance(v, list)))
    count -= data["K"] if name == "ark" else 0
    values = {**data, **library.prepare(data),
              **whole_plates(library, elbo, count)}
    noise = whitened(random, max(4 * d, 400), d)
    if hasattr(model, "elbo"):
        got = library.call(elbo, {**values, phi_name: phi, "noise": noise})
        expected = model.elbo(m, s)
        fits.check(abs(got - expected) <= 0.02,
                   f"{name}: ELBO {got:.6f}, exactly {expected:.6f}")
    values["noise"] = noise[::len(noise) // 16]
    # The error of the differences is of the sixth power of the step, and of
    # rounding over it: with a hundredth of a deviation both are below what is
    # asked for.
    check_gradient(name, library, values, phi_name, phi, 1e-2 * np.min(s))
    # Each school has parameters of its own.
    if not name.startswith("eight_schools"):
        check_memory(name, library, data,
                     {phi_name: phi, "noise": values["noise"]}, phi.shape)
    check_product(name, library, values, phi_name, phi,
                  np.concatenate([np.concatenate([a, np.full(a.shape, 0.7)])
                                  for a in deviations]), random)
    if name not in ("bernoulli_beta", "eight_schools_centered"):
        continue
    # The guide of the example, or a full-rank one.
    options = [] if name == "bernoulli_beta" else ["--guide=fullrank"]
    library = exported.Library(fits.EXAMPLES / name / "model.mlir",
                               output / f"{name}-guide", *options)
    numbers = library.call(library.find("_shapes"), data)
    size = numbers[0] if isinstance(numbers, tuple) else numbers
    columns = numbers[1]["noise_count"]
    values = {**data, **library.prepare(data),
              **whole_plates(library, library.find("_elbo"), count),
              "noise": random.standard_normal((16, columns))}
    check_gradient(f"{name}, {options or 'its own guide'}", library, values,
                   phi_name, phi := 0.3 * random.standard_normal(size), 1e-4)
    check_product(f"{name}, {options or 'its own guide'}", library, values,
                  phi_name, phi, 0.1, random)

# The autoencoder.
library = exported.Library(fits.EXAMPLES / "digits_vae" / "model.mlir",
                           output / "digits_vae")
random = np.random.RandomState(12)
images = np.load(models.data_file("digits_vae"))[:20]
arrays = [32 * 64, 32, 4 * 32, 4, 4 * 32, 4, 32 * 4, 32, 64 * 32, 64]
indices = np.concatenate([
    begin + random.choice(size, min(size, 8), replace=False)
    for begin, size in zip(np.cumsum([0] + arrays), arrays)])
data = {"x": images}
values = {**data, **library.prepare(data),
          **whole_plates(library, library.find("_elbo"), len(images)),
          "noise": random.standard_normal((3, 4 * len(images)))}
phi = 0.3 * random.standard_normal(sum(arrays))
check_gradient("digits_vae", library, values, "parameters", phi, 1e-3, indices)
check_memory("digits_vae", library, data, {"parameters": phi}, phi.shape)
check_product("digits_vae", library, values, "parameters", phi, 0.01, random)
fits.finish()
