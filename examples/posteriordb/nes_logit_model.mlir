//===- Votes by income --------------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha, beta[1] ~ flat
//   vote[n]        ~ Bernoulli(logits = alpha + beta[1] income[n])
//
//===----------------------------------------------------------------------===//

vi.model @nes_logit_model(%N: index, %income: tensor<?xf64>,
                          %vote: tensor<?xi1>) {
  %c0 = arith.constant 0 : index
  %flat = vi.flat real : f64
  %alpha = vi.sample "alpha" from %flat : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<1xf64>
  %slope = tensor.extract %beta[%c0] : tensor<1xf64>

  vi.plate "voter" %n in %N (%income_n = %income : tensor<?xf64>,
                             %vote_n = %vote : tensor<?xi1>) {
    %effect = arith.mulf %slope, %income_n : f64
    %logits = arith.addf %alpha, %effect : f64
    %likelihood = vi.bernoulli_logits %logits : f64
    vi.observe "vote" from %likelihood, %vote_n : i1, i1
    vi.yield
  }
}
