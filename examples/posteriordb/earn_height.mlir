//===- Earnings by height -----------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta, sigma ~ flat
//   earn[n]     ~ normal(beta[1] + beta[2] height[n], sigma)
//
//===----------------------------------------------------------------------===//

vi.model @earn_height(%N: index, %earn: tensor<?xf64>, %height: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<2xf64>
  %positive = vi.flat positive : f64
  %sigma = vi.sample "sigma" from %positive : f64
  %intercept = tensor.extract %beta[%c0] : tensor<2xf64>
  %slope = tensor.extract %beta[%c1] : tensor<2xf64>

  vi.plate "person" %n in %N (%earn_n = %earn : tensor<?xf64>,
                              %height_n = %height : tensor<?xf64>) {
    %effect = arith.mulf %slope, %height_n : f64
    %mean = arith.addf %intercept, %effect : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "earn" from %likelihood, %earn_n : f64, f64
    vi.yield
  }
}
