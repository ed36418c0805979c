//===- Poisson regression with group intercepts ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   mu, beta[d]  ~ normal(0, 1)
//   tau          ~ log-normal(0, 1)
//   alpha_raw[g] ~ normal(0, 1)
//   alpha[g]     = mu + tau alpha_raw[g]
//   y[n]         ~ Poisson(exp(alpha[group[n]] + X[n] . beta))
//
//===----------------------------------------------------------------------===//

vi.model @poisson(
    %G: index,
    %group: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "G">},
    %X: tensor<?x8xf64>, %y: tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %dot_zero = arith.constant dense<0.0> : tensor<f64>
  %N = tensor.dim %X, %c0 : tensor<?x8xf64>

  %standard = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %standard : f64
  %log_normal = vi.log_normal %zero, %one : f64, f64
  %tau = vi.sample "tau" from %log_normal : f64
  %beta = vi.sample "beta" from %standard : f64 -> tensor<8xf64>

  %alpha = vi.plate "group" %g in %G -> tensor<?xf64> {
    %alpha_raw = vi.sample "alpha_raw" from %standard : f64
    %deviation = arith.mulf %tau, %alpha_raw : f64
    %alpha_g = arith.addf %mu, %deviation : f64
    vi.yield %alpha_g : f64
  }

  vi.plate "row" %n in %N (%group_n = %group : tensor<?xi64>,
                           %x_n = %X : tensor<?x8xf64>,
                           %y_n = %y : tensor<?xi64>) {
    %g = arith.index_cast %group_n : i64 to index
    %alpha_n = tensor.extract %alpha[%g] : tensor<?xf64>
    %dot = linalg.dot ins(%x_n, %beta : tensor<8xf64>, tensor<8xf64>)
                      outs(%dot_zero : tensor<f64>) -> tensor<f64>
    %effect = tensor.extract %dot[] : tensor<f64>
    %log_rate = arith.addf %alpha_n, %effect : f64
    %likelihood = vi.poisson_log %log_rate : f64
    vi.observe "y" from %likelihood, %y_n : i64, i64
    vi.yield
  }
}
