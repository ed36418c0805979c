//===- Test scores of children by their mothers' IQ ---------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta         ~ flat
//   sigma        ~ half-Cauchy(0, 2.5)
//   kid_score[n] ~ normal(beta[1] + beta[2] mom_iq[n], sigma)
//
//===----------------------------------------------------------------------===//

vi.model @kidiq_momiq(%kid_score: tensor<?xf64>, %mom_iq: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %scale = arith.constant 2.5 : f64
  %N = tensor.dim %kid_score, %c0 : tensor<?xf64>

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<2xf64>
  %half_cauchy = vi.half_cauchy %scale : f64
  %sigma = vi.sample "sigma" from %half_cauchy : f64

  %intercept = tensor.extract %beta[%c0] : tensor<2xf64>
  %slope = tensor.extract %beta[%c1] : tensor<2xf64>
  vi.plate "child" %n in %N (%kid_score_n = %kid_score : tensor<?xf64>,
                             %mom_iq_n = %mom_iq : tensor<?xf64>) {
    %rise = arith.mulf %slope, %mom_iq_n : f64
    %mean = arith.addf %intercept, %rise : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "kid_score" from %likelihood, %kid_score_n : f64, f64
    vi.yield
  }
}
