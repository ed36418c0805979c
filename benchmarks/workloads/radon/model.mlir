//===- Radon in Minnesota's houses, non-centered ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   sigma_alpha, sigma_y ~ half-normal(0, 1)
//   mu_alpha, beta[k]    ~ normal(0, 10)
//   alpha_raw[j]         ~ normal(0, 1)
//   alpha[j]             = mu_alpha + sigma_alpha alpha_raw[j]
//   log_radon[n]         ~ normal(alpha[county_idx[n]] + beta[1] log_uppm[n]
//                                 + beta[2] floor_measure[n], sigma_y)
//
// The counties are a whole-tensor site, the houses a plate.
//
//===----------------------------------------------------------------------===//

vi.model @radon(
    %J: index,
    %county_idx: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">},
    %log_uppm: tensor<?xf64>, %floor_measure: tensor<?xf64>,
    %log_radon: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %ten = arith.constant 10.0 : f64
  %N = tensor.dim %log_radon, %c0 : tensor<?xf64>

  %half_normal = vi.half_normal %one : f64
  %sigma_alpha = vi.sample "sigma_alpha" from %half_normal : f64
  %sigma_y = vi.sample "sigma_y" from %half_normal : f64
  %wide = vi.normal %zero, %ten : f64, f64
  %mu_alpha = vi.sample "mu_alpha" from %wide : f64
  %beta = vi.sample "beta" from %wide : f64 -> tensor<2xf64>

  %standard = vi.normal %zero, %one : f64, f64
  %alpha_raw = vi.sample "alpha_raw" from %standard [%J] : f64 -> tensor<?xf64>
  %centers = tensor.splat %mu_alpha[%J] : tensor<?xf64>
  %scales = tensor.splat %sigma_alpha[%J] : tensor<?xf64>
  %deviations = arith.mulf %scales, %alpha_raw : tensor<?xf64>
  %alpha = arith.addf %centers, %deviations : tensor<?xf64>

  %beta_uppm = tensor.extract %beta[%c0] : tensor<2xf64>
  %beta_floor = tensor.extract %beta[%c1] : tensor<2xf64>
  vi.plate "house" %n in %N (%county_n = %county_idx : tensor<?xi64>,
                             %uppm_n = %log_uppm : tensor<?xf64>,
                             %floor_n = %floor_measure : tensor<?xf64>,
                             %log_radon_n = %log_radon : tensor<?xf64>) {
    %county = arith.index_cast %county_n : i64 to index
    %alpha_n = tensor.extract %alpha[%county] : tensor<?xf64>
    %soil = arith.mulf %beta_uppm, %uppm_n : f64
    %floor = arith.mulf %beta_floor, %floor_n : f64
    %effects = arith.addf %soil, %floor : f64
    %mean = arith.addf %alpha_n, %effects : f64
    %likelihood = vi.normal %mean, %sigma_y : f64, f64
    vi.observe "log_radon" from %likelihood, %log_radon_n : f64, f64
    vi.yield
  }
}
