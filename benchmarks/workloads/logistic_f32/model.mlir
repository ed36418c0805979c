//===- Logistic regression, f32 ----------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha, beta[d] ~ normal(0, 2.5)
//   y[n]           ~ Bernoulli(logits = alpha + X[n] . beta)
//
//===----------------------------------------------------------------------===//

vi.model @logistic(%X: tensor<?x?xf32>, %y: tensor<?xi1>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant 2.5 : f32
  %dot_zero = arith.constant dense<0.0> : tensor<f32>
  %N = tensor.dim %X, %c0 : tensor<?x?xf32>
  %D = tensor.dim %X, %c1 : tensor<?x?xf32>

  %prior = vi.normal %zero, %scale : f32, f32
  %alpha = vi.sample "alpha" from %prior : f32
  %beta = vi.sample "beta" from %prior [%D] : f32 -> tensor<?xf32>

  vi.plate "row" %n in %N (%x_n = %X : tensor<?x?xf32>,
                           %y_n = %y : tensor<?xi1>) {
    %dot = linalg.dot ins(%x_n, %beta : tensor<?xf32>, tensor<?xf32>)
                      outs(%dot_zero : tensor<f32>) -> tensor<f32>
    %effect = tensor.extract %dot[] : tensor<f32>
    %logits = arith.addf %alpha, %effect : f32
    %likelihood = vi.bernoulli_logits %logits : f32
    vi.observe "y" from %likelihood, %y_n : i1, i1
    vi.yield
  }
}
