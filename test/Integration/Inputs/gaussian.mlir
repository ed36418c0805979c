//===- Gaussian mean with a Gaussian guide ----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   mu   ~ normal(0, 10)
//   y[i] ~ normal(mu, 1)
//   q(mu) = normal(m, exp(s)),  phi = (m, s)
//
// Everything is Gaussian, so the ELBO has a closed form, written out here with
// its gradient:
//
//   E_q[log p(y | mu)] = sum_i -((y[i] - m)^2 + v) / 2 - log(2 pi) / 2
//   KL(q || p)         = (v + m^2) / 200 - 1/2 - s + log 10,      v = exp(2 s)
//
//===----------------------------------------------------------------------===//

func.func @gaussian_elbo_gradient(
    %y: tensor<?xf64> {vi.name = "y", vi.doc = "the observations"},
    %phi: tensor<2xf64> {vi.name = "phi",
      vi.doc = "mean, and logarithm of the standard deviation, of the guide"},
    %begin: index {vi.name = "obs_begin",
      vi.doc = "first observation of the batch"},
    %end: index {vi.name = "obs_end",
      vi.doc = "one past the last observation of the batch"},
    %scale: f64 {vi.name = "obs_scale",
      vi.doc = "weight of the batch: observations / (end - begin)"})
    -> (f64 {vi.name = "elbo", vi.doc = "the evidence lower bound, in nats"},
        tensor<2xf64> {vi.name = "gradient",
          vi.doc = "its gradient in phi"})
    attributes {vi.export, vi.doc = "Evidence lower bound of a Gaussian mean, and its gradient."} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %half = arith.constant 0.5 : f64
  %two = arith.constant 2.0 : f64
  %precision = arith.constant 0.01 : f64
  %log_10 = arith.constant 2.3025850929940457 : f64
  %half_log_2pi = arith.constant 0.91893853320467274 : f64
  %m = tensor.extract %phi[%c0] : tensor<2xf64>
  %s = tensor.extract %phi[%c1] : tensor<2xf64>
  %two_s = arith.mulf %two, %s : f64
  %v = math.exp %two_s : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>

  %sum, %slope, %weight = vi.plate "obs" %i in %n from %begin to %end
      (%y_i = %y : tensor<?xf64>)
      sums(%t = %zero : f64, %g = %zero : f64, %w = %zero : f64) {
    %r = arith.subf %y_i, %m : f64
    %r2 = arith.mulf %r, %r : f64
    %r2v = arith.addf %r2, %v : f64
    %q = arith.mulf %half, %r2v : f64
    %term = arith.addf %q, %half_log_2pi : f64
    %scaled = arith.mulf %scale, %term : f64
    %t1 = arith.subf %t, %scaled : f64
    %dr = arith.mulf %scale, %r : f64
    %g1 = arith.addf %g, %dr : f64
    %w1 = arith.addf %w, %scale : f64
    vi.yield sums(%t1, %g1, %w1 : f64, f64, f64)
  }

  %m2 = arith.mulf %m, %m : f64
  %second = arith.addf %v, %m2 : f64
  %halved = arith.mulf %half, %second : f64
  %quadratic = arith.mulf %halved, %precision : f64
  %kl0 = arith.subf %quadratic, %half : f64
  %kl1 = arith.subf %kl0, %s : f64
  %kl = arith.addf %kl1, %log_10 : f64
  %elbo = arith.subf %sum, %kl : f64

  // d/dm = sum of residuals - m / 100;  d/ds = 1 - v (weight + 1/100)
  %dm_prior = arith.mulf %m, %precision : f64
  %dm = arith.subf %slope, %dm_prior : f64
  %weights = arith.addf %weight, %precision : f64
  %dv = arith.mulf %v, %weights : f64
  %one = arith.constant 1.0 : f64
  %ds = arith.subf %one, %dv : f64
  %gradient = tensor.from_elements %dm, %ds : tensor<2xf64>
  return %elbo, %gradient : f64, tensor<2xf64>
}
