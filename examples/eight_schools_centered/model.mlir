//===- Eight schools, centered ------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   tau      ~ half-Cauchy(0, 5)
//   mu       ~ normal(0, 5)
//   theta[j] ~ normal(mu, tau)
//   y[j]     ~ normal(theta[j], sigma[j])
//
//===----------------------------------------------------------------------===//

vi.model @eight_schools_centered(%J: index, %y: tensor<?xf64>,
                                 %sigma: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %five = arith.constant 5.0 : f64

  %tau_prior = vi.half_cauchy %five : f64
  %tau = vi.sample "tau" from %tau_prior : f64
  %mu_prior = vi.normal %zero, %five : f64, f64
  %mu = vi.sample "mu" from %mu_prior : f64

  %theta = vi.plate "school" %j in %J (%y_j = %y : tensor<?xf64>,
                                       %sigma_j = %sigma : tensor<?xf64>)
      -> tensor<?xf64> {
    %theta_prior = vi.normal %mu, %tau : f64, f64
    %theta_j = vi.sample "theta" from %theta_prior : f64
    %likelihood = vi.normal %theta_j, %sigma_j : f64, f64
    vi.observe "y" from %likelihood, %y_j : f64, f64
    vi.yield %theta_j : f64
  }
}
