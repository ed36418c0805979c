//===- Households that switch wells, by distance ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta        ~ flat
//   switched[n] ~ Bernoulli(logits = beta[1] + beta[2] dist[n])
//
//===----------------------------------------------------------------------===//

vi.model @wells_dist(%N: index, %switched: tensor<?xi1>, %dist: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<2xf64>
  %intercept = tensor.extract %beta[%c0] : tensor<2xf64>
  %slope = tensor.extract %beta[%c1] : tensor<2xf64>

  vi.plate "household" %n in %N (%switched_n = %switched : tensor<?xi1>,
                                 %dist_n = %dist : tensor<?xf64>) {
    %effect = arith.mulf %slope, %dist_n : f64
    %logits = arith.addf %intercept, %effect : f64
    %likelihood = vi.bernoulli_logits %logits : f64
    vi.observe "switched" from %likelihood, %switched_n : i1, i1
    vi.yield
  }
}
