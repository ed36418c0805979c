//===- Logistic regression for a full-rank guide -----------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta[d] ~ normal(0, 2.5)
//   y[n]    ~ Bernoulli(logits = X[n] . beta)
//
//===----------------------------------------------------------------------===//

vi.model @fullrank(%X: tensor<?x200xf64>, %y: tensor<?xi1>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %scale = arith.constant 2.5 : f64
  %dot_zero = arith.constant dense<0.0> : tensor<f64>
  %N = tensor.dim %X, %c0 : tensor<?x200xf64>

  %prior = vi.normal %zero, %scale : f64, f64
  %beta = vi.sample "beta" from %prior : f64 -> tensor<200xf64>

  vi.plate "row" %n in %N (%x_n = %X : tensor<?x200xf64>,
                           %y_n = %y : tensor<?xi1>) {
    %dot = linalg.dot ins(%x_n, %beta : tensor<200xf64>, tensor<200xf64>)
                      outs(%dot_zero : tensor<f64>) -> tensor<f64>
    %logits = tensor.extract %dot[] : tensor<f64>
    %likelihood = vi.bernoulli_logits %logits : f64
    vi.observe "y" from %likelihood, %y_n : i1, i1
    vi.yield
  }
}
