//===- A Bayesian neural network, 50-100-1 -----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   weights, biases ~ normal(0, 1)
//   sigma           ~ log-normal(0, 1)
//   y[n] ~ normal(bias2 + weights2 . tanh(bias1 + weights1 x[n]), sigma)
//
//===----------------------------------------------------------------------===//

vi.model @neural_network(%X: tensor<?x50xf64>, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %dot_zero = arith.constant dense<0.0> : tensor<f64>
  %N = tensor.dim %X, %c0 : tensor<?x50xf64>

  %standard = vi.normal %zero, %one : f64, f64
  %weights1 = vi.sample "weights1" from %standard : f64 -> tensor<100x50xf64>
  %bias1 = vi.sample "bias1" from %standard : f64 -> tensor<100xf64>
  %weights2 = vi.sample "weights2" from %standard : f64 -> tensor<100xf64>
  %bias2 = vi.sample "bias2" from %standard : f64
  %log_normal = vi.log_normal %zero, %one : f64, f64
  %sigma = vi.sample "sigma" from %log_normal : f64

  vi.plate "row" %n in %N (%x_n = %X : tensor<?x50xf64>,
                           %y_n = %y : tensor<?xf64>) {
    %activation = linalg.matvec
        ins(%weights1, %x_n : tensor<100x50xf64>, tensor<50xf64>)
        outs(%bias1 : tensor<100xf64>) -> tensor<100xf64>
    %hidden = math.tanh %activation : tensor<100xf64>
    %dot = linalg.dot ins(%weights2, %hidden : tensor<100xf64>, tensor<100xf64>)
                      outs(%dot_zero : tensor<f64>) -> tensor<f64>
    %output = tensor.extract %dot[] : tensor<f64>
    %mean = arith.addf %bias2, %output : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
    vi.yield
  }
}
