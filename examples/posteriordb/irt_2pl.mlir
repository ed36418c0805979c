//===- Two-parameter logistic model of test answers ---------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   sigma_theta, sigma_a, sigma_b ~ half-Cauchy(0, 2)
//   mu_b     ~ normal(0, 5)
//   theta[j] ~ normal(0, sigma_theta)         ability
//   a[i]     ~ log-normal(0, sigma_a)         discrimination
//   b[i]     ~ normal(mu_b, sigma_b)          difficulty
//   y[i, j]  ~ Bernoulli(logits = a[i] (theta[j] - b[i]))
//
//===----------------------------------------------------------------------===//

vi.model @irt_2pl(%I: index, %J: index, %y: tensor<?x?xi1>) {
  %zero = arith.constant 0.0 : f64
  %two = arith.constant 2.0 : f64
  %five = arith.constant 5.0 : f64

  %scale_prior = vi.half_cauchy %two : f64
  %sigma_theta = vi.sample "sigma_theta" from %scale_prior : f64
  %theta_prior = vi.normal %zero, %sigma_theta : f64, f64
  %theta = vi.sample "theta" from %theta_prior [%J] : f64 -> tensor<?xf64>
  %sigma_a = vi.sample "sigma_a" from %scale_prior : f64
  %a_prior = vi.log_normal %zero, %sigma_a : f64, f64
  %mu_b_prior = vi.normal %zero, %five : f64, f64
  %mu_b = vi.sample "mu_b" from %mu_b_prior : f64
  %sigma_b = vi.sample "sigma_b" from %scale_prior : f64
  %b_prior = vi.normal %mu_b, %sigma_b : f64, f64

  vi.plate "item" %i in %I (%y_i = %y : tensor<?x?xi1>) {
    %a = vi.sample "a" from %a_prior : f64
    %b = vi.sample "b" from %b_prior : f64
    vi.plate "person" %j in %J (%theta_j = %theta : tensor<?xf64>,
                                %y_ij = %y_i : tensor<?xi1>) {
      %above = arith.subf %theta_j, %b : f64
      %logits = arith.mulf %a, %above : f64
      %likelihood = vi.bernoulli_logits %logits : f64
      vi.observe "y" from %likelihood, %y_ij : i1, i1
      vi.yield
    }
    vi.yield
  }
}
