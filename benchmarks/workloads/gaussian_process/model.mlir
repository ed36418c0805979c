//===- Gaussian process regression -------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rho, alpha, sigma ~ log-normal(0, 1)
//   K[i, j] = alpha^2 exp(-(x[i] - x[j])^2 / (2 rho^2)) + sigma^2 (i = j)
//   y       ~ normal(0, K)
//
//===----------------------------------------------------------------------===//

vi.model @gaussian_process(%x: tensor<?xf64>, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %minus_half = arith.constant -0.5 : f64
  %N = tensor.dim %x, %c0 : tensor<?xf64>

  %log_normal = vi.log_normal %zero, %one : f64, f64
  %rho = vi.sample "rho" from %log_normal : f64
  %alpha = vi.sample "alpha" from %log_normal : f64
  %sigma = vi.sample "sigma" from %log_normal : f64
  %variance = arith.mulf %alpha, %alpha : f64
  %noise = arith.mulf %sigma, %sigma : f64

  %empty = tensor.empty(%N, %N) : tensor<?x?xf64>
  %K = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>,
                       affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %x : tensor<?xf64>, tensor<?xf64>)
      outs(%empty : tensor<?x?xf64>) {
  ^bb0(%x_i: f64, %x_j: f64, %out: f64):
    %difference = arith.subf %x_i, %x_j : f64
    %u = arith.divf %difference, %rho : f64
    %square = arith.mulf %u, %u : f64
    %exponent = arith.mulf %minus_half, %square : f64
    %correlation = math.exp %exponent : f64
    %covariance = arith.mulf %variance, %correlation : f64
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %same = arith.cmpi eq, %i, %j : index
    %nugget = arith.select %same, %noise, %zero : f64
    %element = arith.addf %covariance, %nugget : f64
    linalg.yield %element : f64
  } -> tensor<?x?xf64>
  %L = vi.cholesky %K : tensor<?x?xf64>
  %mean = tensor.splat %zero[%N] : tensor<?xf64>
  %likelihood = vi.multivariate_normal %mean, %L : tensor<?xf64>, tensor<?x?xf64>
  vi.observe "y" from %likelihood, %y : tensor<?xf64>, tensor<?xf64>
}
