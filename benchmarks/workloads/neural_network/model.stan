// A Bayesian neural network, 50-100-1
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

data {
  int<lower=0> N;
  matrix[N, 50] X;
  vector[N] y;
}
parameters {
  matrix[100, 50] weights1;
  vector[100] bias1;
  vector[100] weights2;
  real bias2;
  real<lower=0> sigma;
}
model {
  to_vector(weights1) ~ normal(0, 1);
  bias1 ~ normal(0, 1);
  weights2 ~ normal(0, 1);
  bias2 ~ normal(0, 1);
  sigma ~ lognormal(0, 1);
  y ~ normal(bias2 + tanh(X * weights1' + rep_matrix(bias1', N)) * weights2,
             sigma);
}
