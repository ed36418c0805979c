// Gaussian process regression
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

data {
  int<lower=0> N;
  real x[N];
  vector[N] y;
}
parameters {
  real<lower=0> rho;
  real<lower=0> alpha;
  real<lower=0> sigma;
}
model {
  matrix[N, N] K = cov_exp_quad(x, alpha, rho);
  rho ~ lognormal(0, 1);
  alpha ~ lognormal(0, 1);
  sigma ~ lognormal(0, 1);
  for (n in 1:N)
    K[n, n] += square(sigma);
  y ~ multi_normal_cholesky(rep_vector(0, N), cholesky_decompose(K));
}
