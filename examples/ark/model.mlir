//===- Autoregression of order K ----------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha, beta[k] ~ normal(0, 10)
//   sigma          ~ half-Cauchy(0, 2.5)
//   y[t]           ~ normal(alpha + sum_k beta[k] y[t - k], sigma),  t > K
//
//===----------------------------------------------------------------------===//

vi.model @ark(%K: index, %T: index, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %ten = arith.constant 10.0 : f64
  %scale = arith.constant 2.5 : f64

  %wide = vi.normal %zero, %ten : f64, f64
  %alpha = vi.sample "alpha" from %wide : f64
  %beta = vi.sample "beta" from %wide [%K] : f64 -> tensor<?xf64>
  %half_cauchy = vi.half_cauchy %scale : f64
  %sigma = vi.sample "sigma" from %half_cauchy : f64

  // The series without its first K numbers, which have no full history.
  %length = arith.subi %T, %K : index
  %now = tensor.extract_slice %y[%K] [%length] [1]
      : tensor<?xf64> to tensor<?xf64>

  vi.plate "time" %i in %length (%y_t = %now : tensor<?xf64>) {
    %t = arith.addi %i, %K : index
    %mean = scf.for %k = %c0 to %K step %c1 iter_args(%sum = %alpha) -> f64 {
      %lag = arith.addi %k, %c1 : index
      %then = arith.subi %t, %lag : index
      %y_then = tensor.extract %y[%then] : tensor<?xf64>
      %beta_k = tensor.extract %beta[%k] : tensor<?xf64>
      %term = arith.mulf %beta_k, %y_then : f64
      %next = arith.addf %sum, %term : f64
      scf.yield %next : f64
    }
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "y" from %likelihood, %y_t : f64, f64
    vi.yield
  }
}
