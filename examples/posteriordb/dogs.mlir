//===- Dogs that learn to avoid a shock ---------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta[k] ~ normal(0, 100)
//   y[j, t] ~ Bernoulli(logits = beta[1] + beta[2] avoided + beta[3] shocked),
//
// with the numbers of trials before t in which dog j avoided the shock, and in
// which it did not.
//
//===----------------------------------------------------------------------===//

vi.model @dogs(%n_dogs: index, %n_trials: index, %y: tensor<?x?xi1>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %hundred = arith.constant 100.0 : f64

  %wide = vi.normal %zero, %hundred : f64, f64
  %beta = vi.sample "beta" from %wide : f64 -> tensor<3xf64>
  %intercept = tensor.extract %beta[%c0] : tensor<3xf64>
  %by_avoided = tensor.extract %beta[%c1] : tensor<3xf64>
  %by_shocked = tensor.extract %beta[%c2] : tensor<3xf64>

  vi.plate "dog" %j in %n_dogs (%y_j = %y : tensor<?x?xi1>) {
    %counts:2 = scf.for %t = %c0 to %n_trials step %c1
        iter_args(%avoided = %zero, %shocked = %zero) -> (f64, f64) {
      %effect_avoided = arith.mulf %by_avoided, %avoided : f64
      %effect_shocked = arith.mulf %by_shocked, %shocked : f64
      %effects = arith.addf %effect_avoided, %effect_shocked : f64
      %logits = arith.addf %intercept, %effects : f64
      %likelihood = vi.bernoulli_logits %logits : f64
      %y_t = tensor.extract %y_j[%t] : tensor<?xi1>
      vi.observe "y" from %likelihood, %y_t : i1, i1

      %shock = arith.uitofp %y_t : i1 to f64
      %avoidance = arith.subf %one, %shock : f64
      %avoided_next = arith.addf %avoided, %avoidance : f64
      %shocked_next = arith.addf %shocked, %shock : f64
      scf.yield %avoided_next, %shocked_next : f64, f64
    }
    vi.yield
  }
}
