// Radon in houses of counties, non-centered
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

data {
  int<lower=0> N;
  int<lower=0> J;
  int<lower=1, upper=J> county_idx[N];
  vector[N] log_uppm;
  vector[N] floor_measure;
  vector[N] log_radon;
}
transformed data {
  matrix[N, 2] X = append_col(log_uppm, floor_measure);
}
parameters {
  real<lower=0> sigma_alpha;
  real<lower=0> sigma_y;
  real mu_alpha;
  vector[2] beta;
  vector[J] alpha_raw;
}
model {
  vector[J] alpha = mu_alpha + sigma_alpha * alpha_raw;
  sigma_alpha ~ normal(0, 1);
  sigma_y ~ normal(0, 1);
  mu_alpha ~ normal(0, 10);
  beta ~ normal(0, 10);
  alpha_raw ~ normal(0, 1);
  log_radon ~ normal_id_glm(X, alpha[county_idx], beta, sigma_y);
}
