//===- Hidden Markov model with two states ------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   theta1, theta2   ~ Dirichlet(1, 1)      rows of the transition matrix
//   0 < mu[1] < mu[2], mu[1] ~ normal(3, 1), mu[2] ~ normal(10, 1)
//   y[t]             ~ normal(mu[state[t]], 1)
//
// The states are summed out by the forward algorithm, in logarithms; the first
// state's probabilities are left out. mu[2] = mu[1] + gap, gap > 0.
//
//===----------------------------------------------------------------------===//

vi.model @hmm_example(%N: index, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  %three = arith.constant 3.0 : f64
  %ten = arith.constant 10.0 : f64

  %ones = arith.constant dense<1.0> : tensor<2xf64>
  %row_prior = vi.dirichlet %ones : tensor<2xf64>
  %theta1 = vi.sample "theta1" from %row_prior : tensor<2xf64>
  %theta2 = vi.sample "theta2" from %row_prior : tensor<2xf64>

  %positive = vi.flat positive : f64
  %mu1 = vi.sample "mu1" from %positive : f64
  %gap = vi.sample "gap" from %positive : f64
  %mu2 = arith.addf %mu1, %gap : f64
  %mu1_prior = vi.normal %three, %one : f64, f64
  %mu2_prior = vi.normal %ten, %one : f64, f64
  %mu1_log_prior = vi.log_prob %mu1_prior, %mu1 : f64, f64 -> f64
  %mu2_log_prior = vi.log_prob %mu2_prior, %mu2 : f64, f64 -> f64
  vi.factor "mu1_prior" %mu1_log_prior : f64
  vi.factor "mu2_prior" %mu2_log_prior : f64
  %mu = tensor.from_elements %mu1, %mu2 : tensor<2xf64>
  vi.deterministic "mu" %mu : tensor<2xf64>

  %theta11 = tensor.extract %theta1[%c0] : tensor<2xf64>
  %theta12 = tensor.extract %theta1[%c1] : tensor<2xf64>
  %theta21 = tensor.extract %theta2[%c0] : tensor<2xf64>
  %theta22 = tensor.extract %theta2[%c1] : tensor<2xf64>
  %log_theta11 = math.log %theta11 : f64
  %log_theta12 = math.log %theta12 : f64
  %log_theta21 = math.log %theta21 : f64
  %log_theta22 = math.log %theta22 : f64
  %emission1 = vi.normal %mu1, %one : f64, f64
  %emission2 = vi.normal %mu2, %one : f64, f64

  %y_first = tensor.extract %y[%c0] : tensor<?xf64>
  %first1 = vi.log_prob %emission1, %y_first : f64, f64 -> f64
  %first2 = vi.log_prob %emission2, %y_first : f64, f64 -> f64
  %last:2 = scf.for %t = %c1 to %N step %c1
      iter_args(%gamma1 = %first1, %gamma2 = %first2) -> (f64, f64) {
    %stay1 = arith.addf %gamma1, %log_theta11 : f64
    %come1 = arith.addf %gamma2, %log_theta21 : f64
    %come2 = arith.addf %gamma1, %log_theta12 : f64
    %stay2 = arith.addf %gamma2, %log_theta22 : f64
    // log(exp(a) + exp(b)) = a + softplus(b - a)
    %odds1 = arith.subf %come1, %stay1 : f64
    %odds2 = arith.subf %come2, %stay2 : f64
    %rise1 = special.softplus %odds1 : f64
    %rise2 = special.softplus %odds2 : f64
    %state1 = arith.addf %stay1, %rise1 : f64
    %state2 = arith.addf %stay2, %rise2 : f64
    %y_t = tensor.extract %y[%t] : tensor<?xf64>
    %log_density1 = vi.log_prob %emission1, %y_t : f64, f64 -> f64
    %log_density2 = vi.log_prob %emission2, %y_t : f64, f64 -> f64
    %next1 = arith.addf %state1, %log_density1 : f64
    %next2 = arith.addf %state2, %log_density2 : f64
    scf.yield %next1, %next2 : f64, f64
  }
  %odds = arith.subf %last#1, %last#0 : f64
  %rise = special.softplus %odds : f64
  %log_density = arith.addf %last#0, %rise : f64
  vi.factor "y" %log_density : f64
}
