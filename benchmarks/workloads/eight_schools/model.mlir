//===- Eight schools, non-centered --------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   tau            ~ half-Cauchy(0, 5)
//   mu             ~ normal(0, 5)
//   theta_trans[j] ~ normal(0, 1)
//   theta[j]       = mu + tau theta_trans[j]
//   y[j]           ~ normal(theta[j], sigma[j])
//
//===----------------------------------------------------------------------===//

vi.model @eight_schools(%J: index, %y: tensor<?xf64>,
                        %sigma: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %one  = arith.constant 1.0 : f64
  %five = arith.constant 5.0 : f64

  %tau_prior = vi.half_cauchy %five : f64
  %tau = vi.sample "tau" from %tau_prior : f64
  %mu_prior = vi.normal %zero, %five : f64, f64
  %mu = vi.sample "mu" from %mu_prior : f64
  %standard = vi.normal %zero, %one : f64, f64

  vi.plate "school" %j in %J (%y_j = %y : tensor<?xf64>,
                              %sigma_j = %sigma : tensor<?xf64>) {
    %theta_trans = vi.sample "theta_trans" from %standard : f64
    %deviation = arith.mulf %tau, %theta_trans : f64
    %theta = arith.addf %mu, %deviation : f64
    %likelihood = vi.normal %theta, %sigma_j : f64, f64
    vi.observe "y" from %likelihood, %y_j : f64, f64
    vi.yield
  }
}
