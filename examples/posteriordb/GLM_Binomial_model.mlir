//===- Successes by year ------------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha, beta1, beta2 ~ normal(0, 100)
//   C[i]                ~ binomial(N[i], logits = alpha + beta1 year[i]
//                                                 + beta2 year[i]^2)
//
//===----------------------------------------------------------------------===//

vi.model @GLM_Binomial_model(%nyears: index, %C: tensor<?xi64>,
                             %N: tensor<?xi64>, %year: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %hundred = arith.constant 100.0 : f64

  %wide = vi.normal %zero, %hundred : f64, f64
  %alpha = vi.sample "alpha" from %wide : f64
  %beta1 = vi.sample "beta1" from %wide : f64
  %beta2 = vi.sample "beta2" from %wide : f64

  vi.plate "year" %i in %nyears (%C_i = %C : tensor<?xi64>,
                                 %N_i = %N : tensor<?xi64>,
                                 %year_i = %year : tensor<?xf64>) {
    %year_squared = arith.mulf %year_i, %year_i : f64
    %linear = arith.mulf %beta1, %year_i : f64
    %quadratic = arith.mulf %beta2, %year_squared : f64
    %trend = arith.addf %linear, %quadratic : f64
    %logits = arith.addf %alpha, %trend : f64
    %likelihood = vi.binomial_logits %N_i, %logits : i64, f64
    vi.observe "C" from %likelihood, %C_i : i64, i64
    vi.yield
  }
}
