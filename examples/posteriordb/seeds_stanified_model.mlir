//===- Germination of seeds ---------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha0, alpha1, alpha12, alpha2 ~ normal(0, 1)
//   sigma ~ half-Cauchy(0, 1)
//   b[i]  ~ normal(0, sigma)
//   n[i]  ~ binomial(N[i], logits = alpha0 + alpha1 x1[i] + alpha2 x2[i]
//                                   + alpha12 x1[i] x2[i] + b[i])
//
//===----------------------------------------------------------------------===//

vi.model @seeds_stanified_model(%I: index, %n: tensor<?xi64>, %N: tensor<?xi64>,
                                %x1: tensor<?xf64>, %x2: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64

  %standard = vi.normal %zero, %one : f64, f64
  %alpha0 = vi.sample "alpha0" from %standard : f64
  %alpha1 = vi.sample "alpha1" from %standard : f64
  %alpha12 = vi.sample "alpha12" from %standard : f64
  %alpha2 = vi.sample "alpha2" from %standard : f64
  %half_cauchy = vi.half_cauchy %one : f64
  %sigma = vi.sample "sigma" from %half_cauchy : f64
  %b_prior = vi.normal %zero, %sigma : f64, f64

  vi.plate "plate" %i in %I (%n_i = %n : tensor<?xi64>,
                             %N_i = %N : tensor<?xi64>,
                             %x1_i = %x1 : tensor<?xf64>,
                             %x2_i = %x2 : tensor<?xf64>) {
    %b = vi.sample "b" from %b_prior : f64
    %x1x2 = arith.mulf %x1_i, %x2_i : f64
    %effect1 = arith.mulf %alpha1, %x1_i : f64
    %effect2 = arith.mulf %alpha2, %x2_i : f64
    %effect12 = arith.mulf %alpha12, %x1x2 : f64
    %sum1 = arith.addf %alpha0, %effect1 : f64
    %sum2 = arith.addf %sum1, %effect2 : f64
    %sum12 = arith.addf %sum2, %effect12 : f64
    %logits = arith.addf %sum12, %b : f64
    %likelihood = vi.binomial_logits %N_i, %logits : i64, f64
    vi.observe "n" from %likelihood, %n_i : i64, i64
    vi.yield
  }
}
