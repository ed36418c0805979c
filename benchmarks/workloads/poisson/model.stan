// Poisson regression with group intercepts
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

data {
  int<lower=0> N;
  int<lower=0> G;
  int<lower=1, upper=G> group[N];
  matrix[N, 8] X;
  int<lower=0> y[N];
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[8] beta;
  vector[G] alpha_raw;
}
model {
  vector[G] alpha = mu + tau * alpha_raw;
  mu ~ normal(0, 1);
  tau ~ lognormal(0, 1);
  beta ~ normal(0, 1);
  alpha_raw ~ normal(0, 1);
  y ~ poisson_log_glm(X, alpha[group], beta);
}
