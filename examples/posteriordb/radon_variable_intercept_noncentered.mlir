//===- Radon in houses of many counties, non-centered -------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   sigma_alpha, sigma_y ~ half-normal(0, 1)
//   mu_alpha, beta       ~ normal(0, 10)
//   alpha_raw[j]         ~ normal(0, 1)
//   alpha[j]             = mu_alpha + sigma_alpha alpha_raw[j]
//   log_radon[n]         ~ normal(alpha[county_idx[n]] + beta floor_measure[n],
//                                 sigma_y)
//
//===----------------------------------------------------------------------===//

vi.model @radon_variable_intercept_noncentered(
    %N: index, %J: index,
    %county_idx: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">},
    %floor_measure: tensor<?xf64>, %log_radon: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %ten = arith.constant 10.0 : f64

  %standard = vi.normal %zero, %one : f64, f64
  %alpha_raw = vi.sample "alpha_raw" from %standard [%J] : f64 -> tensor<?xf64>
  %wide = vi.normal %zero, %ten : f64, f64
  %beta = vi.sample "beta" from %wide : f64
  %mu_alpha = vi.sample "mu_alpha" from %wide : f64
  %half_normal = vi.half_normal %one : f64
  %sigma_alpha = vi.sample "sigma_alpha" from %half_normal : f64
  %sigma_y = vi.sample "sigma_y" from %half_normal : f64

  vi.plate "house" %n in %N (%county_n = %county_idx : tensor<?xi64>,
                             %floor_n = %floor_measure : tensor<?xf64>,
                             %log_radon_n = %log_radon : tensor<?xf64>) {
    %county = arith.index_cast %county_n : i64 to index
    %raw = tensor.extract %alpha_raw[%county] : tensor<?xf64>
    %deviation = arith.mulf %sigma_alpha, %raw : f64
    %alpha = arith.addf %mu_alpha, %deviation : f64
    %floor = arith.mulf %beta, %floor_n : f64
    %mean = arith.addf %alpha, %floor : f64
    %likelihood = vi.normal %mean, %sigma_y : f64, f64
    vi.observe "log_radon" from %likelihood, %log_radon_n : f64, f64
    vi.yield
  }
}
