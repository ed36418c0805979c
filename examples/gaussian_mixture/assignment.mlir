//===- A mixture of two normal distributions, with its components -------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   mu[1] < mu[2], both ~ normal(0, 2)
//   sigma[k]            ~ half-normal(0, 2)
//   theta               ~ beta(5, 5)
//   y[n]                ~ theta normal(mu[1], sigma[1])
//                         + (1 - theta) normal(mu[2], sigma[2])
//
// The order keeps the components apart: mu[2] = mu[1] + gap, gap > 0. Which
// component a number comes from is a site, z, that the compiler sums out: the
// density is that of model.mlir.
//
//===----------------------------------------------------------------------===//

vi.model @gaussian_mixture(%N: index, %y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %two = arith.constant 2.0 : f64
  %five = arith.constant 5.0 : f64

  %mu_prior = vi.normal %zero, %two : f64, f64
  %mu1 = vi.sample "mu1" from %mu_prior : f64
  %flat = vi.flat positive : f64
  %gap = vi.sample "gap" from %flat : f64
  %mu2 = arith.addf %mu1, %gap : f64
  %mu2_log_prior = vi.log_prob %mu_prior, %mu2 : f64, f64 -> f64
  vi.factor "mu2" %mu2_log_prior : f64
  %mu = tensor.from_elements %mu1, %mu2 : tensor<2xf64>
  vi.deterministic "mu" %mu : tensor<2xf64>

  %sigma_prior = vi.half_normal %two : f64
  %sigma = vi.sample "sigma" from %sigma_prior : f64 -> tensor<2xf64>
  %theta_prior = vi.beta %five, %five : f64, f64
  %theta = vi.sample "theta" from %theta_prior : f64

  %rest = arith.subf %one, %theta : f64
  %weights = tensor.from_elements %theta, %rest : tensor<2xf64>
  %component = vi.categorical %weights : tensor<2xf64>

  vi.plate "number" %n in %N (%y_n = %y : tensor<?xf64>) {
    %z = vi.sample "z" from %component : i64
    %k = arith.index_cast %z : i64 to index
    %mu_k = tensor.extract %mu[%k] : tensor<2xf64>
    %sigma_k = tensor.extract %sigma[%k] : tensor<2xf64>
    %likelihood = vi.normal %mu_k, %sigma_k : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
    vi.yield
  }
}
