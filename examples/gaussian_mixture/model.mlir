//===- A mixture of two normal distributions ----------------------------------===//
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
// component a number comes from is summed out.
//
//===----------------------------------------------------------------------===//

vi.model @gaussian_mixture(%N: index, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
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

  %sigma1 = tensor.extract %sigma[%c0] : tensor<2xf64>
  %sigma2 = tensor.extract %sigma[%c1] : tensor<2xf64>
  %rest = arith.subf %one, %theta : f64
  %log_weight1 = math.log %theta : f64
  %log_weight2 = math.log %rest : f64
  %component1 = vi.normal %mu1, %sigma1 : f64, f64
  %component2 = vi.normal %mu2, %sigma2 : f64, f64

  vi.plate "number" %n in %N (%y_n = %y : tensor<?xf64>) {
    %log_density1 = vi.log_prob %component1, %y_n : f64, f64 -> f64
    %log_density2 = vi.log_prob %component2, %y_n : f64, f64 -> f64
    %term1 = arith.addf %log_weight1, %log_density1 : f64
    %term2 = arith.addf %log_weight2, %log_density2 : f64
    // log(exp(term1) + exp(term2)) = term1 + softplus(term2 - term1)
    %odds = arith.subf %term2, %term1 : f64
    %rise = special.softplus %odds : f64
    %log_density = arith.addf %term1, %rise : f64
    vi.factor "y" normalized %log_density : f64
    vi.yield
  }
}
