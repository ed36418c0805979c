# Models with their discrete latents in the text, which the compiler sums out,
# against the same models with the sums written by hand: ELBO, gradient and
# log-density at random points, from the same draws. The hidden Markov model's
# hand-written sum is posteriordb's, which leaves out the first state's
# probabilities of one half.
#
# REQUIRES: numpy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t

import json
import pathlib
import sys

import numpy as np

import exported
import fits

output = pathlib.Path(sys.argv[1])
random = np.random.default_rng(5)

HMM = """
vi.model @hmm_example(%N: index, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  %three = arith.constant 3.0 : f64
  %ten = arith.constant 10.0 : f64
  %ones = arith.constant dense<1.0> : tensor<2xf64>
  %row_prior = vi.dirichlet %ones : tensor<2xf64>
  %theta1 = vi.sample "theta1" from %row_prior : tensor<2xf64>
  %theta2 = vi.sample "theta2" from %row_prior : tensor<2xf64>
  %positive = vi.flat positive : f64
  %mu1 = vi.sample "mu1" from %positive : f64
  %gap = vi.sample "gap" from %positive : f64
  %mu2 = arith.addf %mu1, %gap : f64
  %mu1_prior = vi.normal %three, %one : f64, f64
  %mu2_prior = vi.normal %ten, %one : f64, f64
  %mu1_log_prior = vi.log_prob %mu1_prior, %mu1 : f64, f64 -> f64
  %mu2_log_prior = vi.log_prob %mu2_prior, %mu2 : f64, f64 -> f64
  vi.factor "mu1_prior" %mu1_log_prior : f64
  vi.factor "mu2_prior" %mu2_log_prior : f64
  %half = arith.constant 0.5 : f64
  %coin = vi.bernoulli %half : f64
  %z0 = vi.sample "z0" from %coin : i1
  %mu_0 = arith.select %z0, %mu2, %mu1 : f64
  %emission_0 = vi.normal %mu_0, %one : f64, f64
  %y_0 = tensor.extract %y[%c0] : tensor<?xf64>
  vi.observe "y0" from %emission_0, %y_0 : f64, f64
  %last = scf.for %t = %c1 to %N step %c1 iter_args(%before = %z0) -> i1 {
    %row = arith.select %before, %theta2, %theta1 : tensor<2xf64>
    %p = tensor.extract %row[%c1] : tensor<2xf64>
    %transition = vi.bernoulli %p : f64
    %z = vi.sample "z" from %transition : i1
    %mu_z = arith.select %z, %mu2, %mu1 : f64
    %emission = vi.normal %mu_z, %one : f64, f64
    %y_t = tensor.extract %y[%t] : tensor<?xf64>
    vi.observe "y" from %emission, %y_t : f64, f64
    scf.yield %z : i1
  }
}
"""
(output / "hmm.mlir").write_text(HMM)


def compare(name, written, summed, data, difference=0.0):
    libraries = [exported.Library(path, output / f"{name}_{i}")
                 for i, path in enumerate((written, summed))]
    shapes = []
    for library in libraries:
        count, others = library.call(library.find("_shapes"), data)
        shapes.append((int(count), int(others["latent_count"]),
                       int(others["noise_count"])))
    fits.check(shapes[0] == shapes[1], f"{name}: the same sizes")
    parameters, latents, noise = shapes[0]
    for _ in range(3):
        values = {**data, "parameters": 0.3 * random.normal(size=parameters),
                  "latents": 0.3 * random.normal(size=latents),
                  "noise": random.normal(size=(4, noise))}
        found = []
        for library in libraries:
            function = library.find("_elbo_gradient")
            here = {**values, **library.prepare(data)}
            for argument in library.names(function):
                if argument.endswith("_begin"):
                    here[argument] = 0
                elif argument.endswith("_scale"):
                    here[argument] = 1
                elif argument.endswith("_end"):
                    here[argument] = max(len(v) for v in data.values()
                                         if np.ndim(v))
            value, gradient = library.call(function, here,
                                           {"gradient": (parameters,)})
            joint = library.call(library.find("_log_joint"), here)
            found.append((value, joint, gradient))
        (a, b, c), (d, e, f) = found
        errors = (abs(a + difference - d) / abs(a),
                  abs(b + difference - e) / abs(b),
                  np.max(np.abs(c - f)) / np.max(np.abs(c)))
        fits.check(max(errors) <= 1e-12,
                   f"{name}: ELBO, log-density and gradient agree to "
                   + ", ".join(f"{error:.1e}" for error in errors))


mixture = fits.EXAMPLES / "gaussian_mixture"
data = json.loads((mixture / "data.json").read_text())
compare("gaussian_mixture", mixture / "model.mlir", mixture / "assignment.mlir",
        {"N": data["N"], "y": np.array(data["y"])})
mixture = fits.EXAMPLES / "bernoulli_mixture"
compare("bernoulli_mixture", mixture / "model.mlir",
        mixture / "assignment.mlir", {"x": np.load(mixture / "data.npy")})
y = np.where(random.uniform(size=100) < 0.4, 3.2, 9.5) + random.normal(size=100)
compare("hmm_example", fits.EXAMPLES / "posteriordb" / "hmm_example.mlir",
        output / "hmm.mlir", {"N": 100, "y": y}, np.log(0.5))
fits.finish()
