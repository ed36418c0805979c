//===- A coin of unknown bias -------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   theta ~ beta(1, 1)
//   y[n]  ~ Bernoulli(theta)
//
//===----------------------------------------------------------------------===//

vi.model @bernoulli_beta(%y: tensor<?xi1>) {
  %one = arith.constant 1.0 : f64
  %prior = vi.beta %one, %one : f64, f64
  %theta = vi.sample "theta" from %prior : f64
  %likelihood = vi.bernoulli %theta : f64
  vi.observe "y" from %likelihood, %y : i1, tensor<?xi1>
}

// The posterior is a beta distribution: in this family the bound is tight.
vi.guide @conjugate for @bernoulli_beta(%y: tensor<?xi1>) {
  %a = vi.param "a" positive : f64
  %b = vi.param "b" positive : f64
  %q = vi.beta %a, %b : f64, f64
  %theta = vi.sample "theta" from %q : f64
}
