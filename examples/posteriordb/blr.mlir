//===- Linear regression ------------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta[d] ~ normal(0, 10)
//   sigma   ~ half-normal(0, 10)
//   y[n]    ~ normal(X[n] . beta, sigma)
//
//===----------------------------------------------------------------------===//

vi.model @blr(%N: index, %D: index, %X: tensor<?x?xf64>, %y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %ten = arith.constant 10.0 : f64
  %dot_zero = arith.constant dense<0.0> : tensor<f64>

  %wide = vi.normal %zero, %ten : f64, f64
  %beta = vi.sample "beta" from %wide [%D] : f64 -> tensor<?xf64>
  %half_normal = vi.half_normal %ten : f64
  %sigma = vi.sample "sigma" from %half_normal : f64

  vi.plate "row" %n in %N (%X_n = %X : tensor<?x?xf64>,
                           %y_n = %y : tensor<?xf64>) {
    %dot = linalg.dot ins(%X_n, %beta : tensor<?xf64>, tensor<?xf64>)
                      outs(%dot_zero : tensor<f64>) -> tensor<f64>
    %mean = tensor.extract %dot[] : tensor<f64>
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
    vi.yield
  }
}
