//===- Test scores of children by their mothers' IQ and schooling -------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta      ~ flat
//   sigma     ~ half-Cauchy(0, 2.5)
//   kid_score ~ normal(X beta, sigma),  X = [1, mom_hs, mom_iq, mom_hs mom_iq]
//
// Written with whole tensors: no plate, one site for all children.
//
//===----------------------------------------------------------------------===//

vi.model @kidiq_interaction(%kid_score: tensor<?xf64>, %mom_hs: tensor<?xf64>,
                            %mom_iq: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %scale = arith.constant 2.5 : f64
  %N = tensor.dim %kid_score, %c0 : tensor<?xf64>

  // The columns of X: data alone.
  %ones = tensor.splat %one[%N] : tensor<?xf64>
  %interaction = arith.mulf %mom_hs, %mom_iq : tensor<?xf64>
  %empty = tensor.empty(%N) : tensor<?x4xf64>
  %X0 = tensor.insert_slice %ones into %empty[0, 0] [%N, 1] [1, 1]
      : tensor<?xf64> into tensor<?x4xf64>
  %X1 = tensor.insert_slice %mom_hs into %X0[0, 1] [%N, 1] [1, 1]
      : tensor<?xf64> into tensor<?x4xf64>
  %X2 = tensor.insert_slice %mom_iq into %X1[0, 2] [%N, 1] [1, 1]
      : tensor<?xf64> into tensor<?x4xf64>
  %X = tensor.insert_slice %interaction into %X2[0, 3] [%N, 1] [1, 1]
      : tensor<?xf64> into tensor<?x4xf64>

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<4xf64>
  %half_cauchy = vi.half_cauchy %scale : f64
  %sigma = vi.sample "sigma" from %half_cauchy : f64

  %zeros = tensor.splat %zero[%N] : tensor<?xf64>
  %mean = linalg.matvec ins(%X, %beta : tensor<?x4xf64>, tensor<4xf64>)
                        outs(%zeros : tensor<?xf64>) -> tensor<?xf64>
  %likelihood = vi.normal %mean, %sigma : tensor<?xf64>, f64
  vi.observe "kid_score" from %likelihood, %kid_score
      : tensor<?xf64>, tensor<?xf64>
}
