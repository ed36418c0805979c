//===- Counts over the years --------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha               ~ uniform(-20, 20)
//   beta1, beta2, beta3 ~ uniform(-10, 10)
//   log_lambda[i]       = alpha + beta1 year[i] + beta2 year[i]^2
//                         + beta3 year[i]^3
//   C[i]                ~ Poisson(exp(log_lambda[i]))
//
//===----------------------------------------------------------------------===//

vi.model @glm_poisson(%n: index, %C: tensor<?xi64>, %year: tensor<?xf64>) {
  %low_alpha = arith.constant -20.0 : f64
  %high_alpha = arith.constant 20.0 : f64
  %low_beta = arith.constant -10.0 : f64
  %high_beta = arith.constant 10.0 : f64

  %alpha_prior = vi.uniform %low_alpha, %high_alpha : f64, f64
  %alpha = vi.sample "alpha" from %alpha_prior : f64
  %beta_prior = vi.uniform %low_beta, %high_beta : f64, f64
  %beta1 = vi.sample "beta1" from %beta_prior : f64
  %beta2 = vi.sample "beta2" from %beta_prior : f64
  %beta3 = vi.sample "beta3" from %beta_prior : f64

  vi.plate "year" %i in %n (%C_i = %C : tensor<?xi64>,
                            %year_i = %year : tensor<?xf64>) {
    // Horner's scheme.
    %cubic = arith.mulf %beta3, %year_i : f64
    %quadratic = arith.addf %beta2, %cubic : f64
    %scaled = arith.mulf %quadratic, %year_i : f64
    %linear = arith.addf %beta1, %scaled : f64
    %trend = arith.mulf %linear, %year_i : f64
    %log_lambda = arith.addf %alpha, %trend : f64
    vi.deterministic "log_lambda" %log_lambda : f64
    %lambda = math.exp %log_lambda : f64
    vi.deterministic "lambda" %lambda : f64
    %likelihood = vi.poisson_log %log_lambda : f64
    vi.observe "C" from %likelihood, %C_i : i64, i64
    vi.yield
  }
}
