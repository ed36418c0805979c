//===- Linear regression, unknown scale --------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha, beta[d] ~ normal(0, 10)
//   sigma          ~ log-normal(0, 1)
//   y[n]           ~ normal(alpha + X[n] . beta, sigma)
//
//===----------------------------------------------------------------------===//

vi.model @linear(%X: tensor<?x?xf64>, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %ten = arith.constant 10.0 : f64
  %dot_zero = arith.constant dense<0.0> : tensor<f64>
  %N = tensor.dim %X, %c0 : tensor<?x?xf64>
  %D = tensor.dim %X, %c1 : tensor<?x?xf64>

  %wide = vi.normal %zero, %ten : f64, f64
  %alpha = vi.sample "alpha" from %wide : f64
  %beta = vi.sample "beta" from %wide [%D] : f64 -> tensor<?xf64>
  %log_normal = vi.log_normal %zero, %one : f64, f64
  %sigma = vi.sample "sigma" from %log_normal : f64

  vi.plate "row" %n in %N (%x_n = %X : tensor<?x?xf64>,
                           %y_n = %y : tensor<?xf64>) {
    %dot = linalg.dot ins(%x_n, %beta : tensor<?xf64>, tensor<?xf64>)
                      outs(%dot_zero : tensor<f64>) -> tensor<f64>
    %effect = tensor.extract %dot[] : tensor<f64>
    %mean = arith.addf %alpha, %effect : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
    vi.yield
  }
}
