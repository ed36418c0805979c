//===- Radon in houses, all counties pooled -----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   sigma_y      ~ half-normal(0, 1)
//   alpha, beta  ~ normal(0, 10)
//   log_radon[n] ~ normal(alpha + beta floor_measure[n], sigma_y)
//
//===----------------------------------------------------------------------===//

vi.model @radon_pooled(%N: index, %floor_measure: tensor<?xf64>,
                       %log_radon: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %ten = arith.constant 10.0 : f64

  %wide = vi.normal %zero, %ten : f64, f64
  %alpha = vi.sample "alpha" from %wide : f64
  %beta = vi.sample "beta" from %wide : f64
  %half_normal = vi.half_normal %one : f64
  %sigma_y = vi.sample "sigma_y" from %half_normal : f64

  vi.plate "house" %n in %N (%floor_n = %floor_measure : tensor<?xf64>,
                             %log_radon_n = %log_radon : tensor<?xf64>) {
    %floor = arith.mulf %beta, %floor_n : f64
    %mean = arith.addf %alpha, %floor : f64
    %likelihood = vi.normal %mean, %sigma_y : f64, f64
    vi.observe "log_radon" from %likelihood, %log_radon_n : f64, f64
    vi.yield
  }
}
