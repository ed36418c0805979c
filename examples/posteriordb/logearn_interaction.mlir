//===- Log earnings by height and sex -----------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta, sigma  ~ flat
//   log earn[n]  ~ normal(beta[1] + beta[2] height[n] + beta[3] male[n]
//                         + beta[4] height[n] male[n], sigma)
//
//===----------------------------------------------------------------------===//

vi.model @logearn_interaction(%N: index, %earn: tensor<?xf64>,
                              %height: tensor<?xf64>, %male: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<4xf64>
  %positive = vi.flat positive : f64
  %sigma = vi.sample "sigma" from %positive : f64
  %beta1 = tensor.extract %beta[%c0] : tensor<4xf64>
  %beta2 = tensor.extract %beta[%c1] : tensor<4xf64>
  %beta3 = tensor.extract %beta[%c2] : tensor<4xf64>
  %beta4 = tensor.extract %beta[%c3] : tensor<4xf64>

  vi.plate "person" %n in %N (%earn_n = %earn : tensor<?xf64>,
                              %height_n = %height : tensor<?xf64>,
                              %male_n = %male : tensor<?xf64>) {
    %log_earn = math.log %earn_n : f64
    %interaction = arith.mulf %height_n, %male_n : f64
    %effect2 = arith.mulf %beta2, %height_n : f64
    %effect3 = arith.mulf %beta3, %male_n : f64
    %effect4 = arith.mulf %beta4, %interaction : f64
    %sum2 = arith.addf %beta1, %effect2 : f64
    %sum3 = arith.addf %sum2, %effect3 : f64
    %mean = arith.addf %sum3, %effect4 : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "log_earn" from %likelihood, %log_earn : f64, f64
    vi.yield
  }
}
