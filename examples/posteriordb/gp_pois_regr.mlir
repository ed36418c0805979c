//===- Poisson regression with a Gaussian process -----------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rho        ~ gamma(25, 4)
//   alpha      ~ half-normal(0, 2)
//   f_tilde[n] ~ normal(0, 1)
//   f          = L f_tilde,  L L' = K
//   K[m, n]    = alpha^2 exp(-(x[m] - x[n])^2 / (2 rho^2)) + 1e-10 [m = n]
//   k[n]       ~ Poisson(exp(f[n]))
//
//===----------------------------------------------------------------------===//

vi.model @gp_pois_regr(%N: index, %x: tensor<?xf64>, %k: tensor<?xi64>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %two = arith.constant 2.0 : f64
  %minus_half = arith.constant -0.5 : f64
  %jitter = arith.constant 1.0e-10 : f64
  %shape = arith.constant 25.0 : f64
  %rate = arith.constant 4.0 : f64

  %rho_prior = vi.gamma %shape, %rate : f64, f64
  %rho = vi.sample "rho" from %rho_prior : f64
  %alpha_prior = vi.half_normal %two : f64
  %alpha = vi.sample "alpha" from %alpha_prior : f64
  %standard = vi.normal %zero, %one : f64, f64
  %f_tilde = vi.sample "f_tilde" from %standard [%N] : f64 -> tensor<?xf64>

  %variance = arith.mulf %alpha, %alpha : f64
  %empty = tensor.empty(%N, %N) : tensor<?x?xf64>
  %K = linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m)>, affine_map<(m, n) -> (n)>,
                       affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %x : tensor<?xf64>, tensor<?xf64>)
      outs(%empty : tensor<?x?xf64>) {
  ^bb0(%x_m: f64, %x_n: f64, %unused: f64):
    %difference = arith.subf %x_m, %x_n : f64
    %distance = arith.divf %difference, %rho : f64
    %square = arith.mulf %distance, %distance : f64
    %exponent = arith.mulf %minus_half, %square : f64
    %correlation = math.exp %exponent : f64
    %covariance = arith.mulf %variance, %correlation : f64
    %row = linalg.index 0 : index
    %column = linalg.index 1 : index
    %is_diagonal = arith.cmpi eq, %row, %column : index
    %added = arith.select %is_diagonal, %jitter, %zero : f64
    %entry = arith.addf %covariance, %added : f64
    linalg.yield %entry : f64
  } -> tensor<?x?xf64>
  %L = vi.cholesky %K : tensor<?x?xf64>
  %zeros = tensor.splat %zero[%N] : tensor<?xf64>
  %f = linalg.matvec ins(%L, %f_tilde : tensor<?x?xf64>, tensor<?xf64>)
                     outs(%zeros : tensor<?xf64>) -> tensor<?xf64>
  vi.deterministic "f" %f : tensor<?xf64>

  vi.plate "point" %n in %N (%f_n = %f : tensor<?xf64>,
                             %k_n = %k : tensor<?xi64>) {
    %likelihood = vi.poisson_log %f_n : f64
    vi.observe "k" from %likelihood, %k_n : i64, i64
    vi.yield
  }
}
