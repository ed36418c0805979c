//===- Length of dugongs by their age -----------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha, beta ~ normal(0, 1000)
//   lambda      ~ uniform(0.5, 1)
//   tau         ~ gamma(0.0001, 0.0001)
//   Y[i]        ~ normal(alpha - beta lambda^x[i], 1 / sqrt(tau))
//
//===----------------------------------------------------------------------===//

vi.model @dugongs_model(%N: index, %x: tensor<?xf64>, %Y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %half = arith.constant 0.5 : f64
  %one = arith.constant 1.0 : f64
  %thousand = arith.constant 1000.0 : f64
  %vague = arith.constant 0.0001 : f64

  %wide = vi.normal %zero, %thousand : f64, f64
  %alpha = vi.sample "alpha" from %wide : f64
  %beta = vi.sample "beta" from %wide : f64
  %lambda_prior = vi.uniform %half, %one : f64, f64
  %lambda = vi.sample "lambda" from %lambda_prior : f64
  %tau_prior = vi.gamma %vague, %vague : f64, f64
  %tau = vi.sample "tau" from %tau_prior : f64
  %sigma = math.rsqrt %tau : f64
  vi.deterministic "sigma" %sigma : f64

  vi.plate "dugong" %i in %N (%x_i = %x : tensor<?xf64>,
                              %Y_i = %Y : tensor<?xf64>) {
    %decay = math.powf %lambda, %x_i : f64
    %short_of = arith.mulf %beta, %decay : f64
    %mean = arith.subf %alpha, %short_of : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "Y" from %likelihood, %Y_i : f64, f64
    vi.yield
  }
}
