//===- Deaths after surgery in twelve hospitals -------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   mu      ~ normal(0, 1000)
//   sigmasq ~ inverse-gamma(0.001, 0.001)
//   b[i]    ~ normal(mu, sqrt(sigmasq))
//   r[i]    ~ binomial(n[i], logits = b[i])
//
//===----------------------------------------------------------------------===//

vi.model @surgical_model(%N: index, %n: tensor<?xi64>, %r: tensor<?xi64>) {
  %zero = arith.constant 0.0 : f64
  %thousand = arith.constant 1000.0 : f64
  %vague = arith.constant 0.001 : f64

  %mu_prior = vi.normal %zero, %thousand : f64, f64
  %mu = vi.sample "mu" from %mu_prior : f64
  %sigmasq_prior = vi.inverse_gamma %vague, %vague : f64, f64
  %sigmasq = vi.sample "sigmasq" from %sigmasq_prior : f64
  %sigma = math.sqrt %sigmasq : f64
  vi.deterministic "sigma" %sigma : f64
  %b_prior = vi.normal %mu, %sigma : f64, f64

  vi.plate "hospital" %i in %N (%n_i = %n : tensor<?xi64>,
                                %r_i = %r : tensor<?xi64>) {
    %b = vi.sample "b" from %b_prior : f64
    %p = special.sigmoid %b : f64
    vi.deterministic "p" %p : f64
    %likelihood = vi.binomial_logits %n_i, %b : i64, f64
    vi.observe "r" from %likelihood, %r_i : i64, i64
    vi.yield
  }
  %pop_mean = special.sigmoid %mu : f64
  vi.deterministic "pop_mean" %pop_mean : f64
}
