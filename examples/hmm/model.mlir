//===- Hidden Markov model of counts ------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   gamma[s]                 ~ Dirichlet(1, 1, 1)   rows of the transition matrix
//   log rate[1]              ~ normal(1, 1)
//   log rate[s + 1] - log rate[s] ~ half-normal(1)  in order
//   z[1]                     ~ uniform on the three states
//   z[t] given z[t - 1]      ~ categorical(gamma[z[t - 1]])
//   y[t] given z[t]          ~ Poisson(rate[z[t]])
//
// The compiler sums the states out by the forward algorithm.
//
//===----------------------------------------------------------------------===//

vi.model @hmm(%y: tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  %T = tensor.dim %y, %c0 : tensor<?xi64>

  %ones = arith.constant dense<1.0> : tensor<3xf64>
  %row_prior = vi.dirichlet %ones : tensor<3xf64>
  %gamma = vi.sample "gamma" from %row_prior : tensor<3xf64> -> tensor<3x3xf64>

  %low_prior = vi.normal %one, %one : f64, f64
  %low = vi.sample "low" from %low_prior : f64
  %gap_prior = vi.half_normal %one : f64
  %gap1 = vi.sample "gap1" from %gap_prior : f64
  %gap2 = vi.sample "gap2" from %gap_prior : f64
  %middle = arith.addf %low, %gap1 : f64
  %high = arith.addf %middle, %gap2 : f64
  %log_rate = tensor.from_elements %low, %middle, %high : tensor<3xf64>
  %rate = math.exp %log_rate : tensor<3xf64>
  vi.deterministic "rate" %rate : tensor<3xf64>

  %third = arith.constant dense<0.3333333333333333> : tensor<3xf64>
  %start = vi.categorical %third : tensor<3xf64>
  %z_1 = vi.sample "z1" from %start : i64
  %k_1 = arith.index_cast %z_1 : i64 to index
  %log_rate_1 = tensor.extract %log_rate[%k_1] : tensor<3xf64>
  %counts_1 = vi.poisson_log %log_rate_1 : f64
  %y_1 = tensor.extract %y[%c0] : tensor<?xi64>
  vi.observe "y1" from %counts_1, %y_1 : i64, i64

  %last = scf.for %t = %c1 to %T step %c1 iter_args(%before = %z_1) -> i64 {
    %from = arith.index_cast %before : i64 to index
    %row = tensor.extract_slice %gamma[%from, 0] [1, 3] [1, 1]
        : tensor<3x3xf64> to tensor<3xf64>
    %transition = vi.categorical %row : tensor<3xf64>
    %z_t = vi.sample "z" from %transition : i64
    %k = arith.index_cast %z_t : i64 to index
    %log_rate_t = tensor.extract %log_rate[%k] : tensor<3xf64>
    %counts = vi.poisson_log %log_rate_t : f64
    %y_t = tensor.extract %y[%t] : tensor<?xi64>
    vi.observe "y" from %counts, %y_t : i64, i64
    scf.yield %z_t : i64
  }
}
