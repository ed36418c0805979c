// A mixture of ten normal distributions in the plane
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

data {
  int<lower=0> N;
  matrix[N, 2] y;
}
parameters {
  vector[10] weight;
  matrix[10, 2] mu;
  matrix<lower=0>[10, 2] sigma;
}
model {
  vector[10] constant = log_softmax(weight);
  matrix[10, 2] scale = 1 ./ sigma;
  weight ~ normal(0, 1);
  to_vector(mu) ~ normal(0, 5);
  to_vector(sigma) ~ lognormal(0, 1);
  for (k in 1:10)
    constant[k] -= sum(log(sigma[k]));
  for (n in 1:N)
    target += log_sum_exp(
        constant
        - 0.5 * (square((y[n, 1] - col(mu, 1)) .* col(scale, 1))
                 + square((y[n, 2] - col(mu, 2)) .* col(scale, 2))));
}
