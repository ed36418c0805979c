//===- Test scores of children by their mothers -------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta         ~ flat
//   sigma        ~ half-Cauchy(0, 2.5)
//   kid_score[n] ~ normal(beta[1] + beta[2] mom_hs[n] + beta[3] mom_iq[n],
//                         sigma)
//
//===----------------------------------------------------------------------===//

vi.model @kidscore_momhsiq(%N: index, %kid_score: tensor<?xf64>,
                           %mom_iq: tensor<?xf64>, %mom_hs: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %scale = arith.constant 2.5 : f64

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<3xf64>
  %half_cauchy = vi.half_cauchy %scale : f64
  %sigma = vi.sample "sigma" from %half_cauchy : f64
  %beta1 = tensor.extract %beta[%c0] : tensor<3xf64>
  %beta2 = tensor.extract %beta[%c1] : tensor<3xf64>
  %beta3 = tensor.extract %beta[%c2] : tensor<3xf64>

  vi.plate "child" %n in %N (%kid_score_n = %kid_score : tensor<?xf64>,
                             %mom_iq_n = %mom_iq : tensor<?xf64>,
                             %mom_hs_n = %mom_hs : tensor<?xf64>) {
    %effect2 = arith.mulf %beta2, %mom_hs_n : f64
    %effect3 = arith.mulf %beta3, %mom_iq_n : f64
    %sum2 = arith.addf %beta1, %effect2 : f64
    %mean = arith.addf %sum2, %effect3 : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "kid_score" from %likelihood, %kid_score_n : f64, f64
    vi.yield
  }
}
