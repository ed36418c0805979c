// Eight schools, non-centered
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

data {
  int<lower=0> J;
  vector[J] y;
  vector<lower=0>[J] sigma;
}
parameters {
  real<lower=0> tau;
  real mu;
  vector[J] theta_trans;
}
model {
  tau ~ cauchy(0, 5);
  mu ~ normal(0, 5);
  theta_trans ~ normal(0, 1);
  y ~ normal(mu + tau * theta_trans, sigma);
}
