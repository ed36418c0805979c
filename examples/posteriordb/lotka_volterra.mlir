//===- Populations of lynx and hare -------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   theta[1], theta[3] ~ normal(1, 0.5), positive
//   theta[2], theta[4] ~ normal(0.05, 0.05), positive
//   sigma[k]     ~ log-normal(-1, 1)
//   z_init[k]    ~ log-normal(log 10, 1)
//   y_init[k]    ~ log-normal(log z_init[k], sigma[k])
//   y[n, k]      ~ log-normal(log z[k](ts[n]), sigma[k])
//
//   d log z[1] / dt =  theta[1] - theta[2] z[2]       prey
//   d log z[2] / dt = -theta[3] + theta[4] z[1]       predator,  z(0) = z_init
//
// The logarithms of the populations are integrated by the classical Runge-Kutta
// method, in eight steps between two observations: within 2e-5 of the solution
// for parameters that the posterior knows, where sigma is about 0.25.
//
//===----------------------------------------------------------------------===//

vi.model @lotka_volterra(%N: index, %ts: tensor<?xf64>, %y_init: tensor<2xf64>,
                         %y: tensor<?x2xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %minus_one = arith.constant -1.0 : f64
  %log_ten = arith.constant 2.302585092994046 : f64
  %theta_loc = arith.constant dense<[1.0, 0.05, 1.0, 0.05]> : tensor<4xf64>
  %theta_scale = arith.constant dense<[0.5, 0.05, 0.5, 0.05]> : tensor<4xf64>

  // The method's coefficients: where a stage looks, and what it counts.
  %stages = arith.constant 4 : index
  %nodes = arith.constant dense<[0.0, 0.5, 0.5, 1.0]> : tensor<4xf64>
  %weights = arith.constant dense<[0.16666666666666666, 0.3333333333333333,
      0.3333333333333333, 0.16666666666666666]> : tensor<4xf64>
  %steps = arith.constant 8 : index
  %step_count = arith.constant 8.0 : f64

  %positive = vi.flat positive : f64
  %theta = vi.sample "theta" from %positive : f64 -> tensor<4xf64>
  %theta_prior = vi.normal %theta_loc, %theta_scale
      : tensor<4xf64>, tensor<4xf64>
  %theta_log_prior = vi.log_prob %theta_prior, %theta
      : tensor<4xf64>, tensor<4xf64> -> f64
  vi.factor "theta_prior" %theta_log_prior : f64
  %z_init_prior = vi.log_normal %log_ten, %one : f64, f64
  %z_init = vi.sample "z_init" from %z_init_prior : f64 -> tensor<2xf64>
  %sigma_prior = vi.log_normal %minus_one, %one : f64, f64
  %sigma = vi.sample "sigma" from %sigma_prior : f64 -> tensor<2xf64>

  %log_z_init = math.log %z_init : tensor<2xf64>
  %initial = vi.log_normal %log_z_init, %sigma : tensor<2xf64>, tensor<2xf64>
  vi.observe "y_init" from %initial, %y_init : tensor<2xf64>, tensor<2xf64>

  %alpha = tensor.extract %theta[%c0] : tensor<4xf64>
  %beta = tensor.extract %theta[%c1] : tensor<4xf64>
  %gamma = tensor.extract %theta[%c2] : tensor<4xf64>
  %delta = tensor.extract %theta[%c3] : tensor<4xf64>
  %log_u_init = tensor.extract %log_z_init[%c0] : tensor<2xf64>
  %log_v_init = tensor.extract %log_z_init[%c1] : tensor<2xf64>

  %end:3 = scf.for %n = %c0 to %N step %c1
      iter_args(%t = %zero, %log_u = %log_u_init, %log_v = %log_v_init)
      -> (f64, f64, f64) {
    %t_n = tensor.extract %ts[%n] : tensor<?xf64>
    %interval = arith.subf %t_n, %t : f64
    %h = arith.divf %interval, %step_count : f64
    %state:2 = scf.for %step = %c0 to %steps step %c1
        iter_args(%a = %log_u, %b = %log_v) -> (f64, f64) {
      %sums:4 = scf.for %s = %c0 to %stages step %c1
          iter_args(%slope_a = %zero, %slope_b = %zero,
                    %sum_a = %a, %sum_b = %b) -> (f64, f64, f64, f64) {
        %node = tensor.extract %nodes[%s] : tensor<4xf64>
        %weight = tensor.extract %weights[%s] : tensor<4xf64>
        %reach = arith.mulf %h, %node : f64
        %share = arith.mulf %h, %weight : f64
        %move_a = arith.mulf %reach, %slope_a : f64
        %move_b = arith.mulf %reach, %slope_b : f64
        %stage_a = arith.addf %a, %move_a : f64
        %stage_b = arith.addf %b, %move_b : f64
        %prey = math.exp %stage_a : f64
        %predator = math.exp %stage_b : f64
        %eaten = arith.mulf %beta, %predator : f64
        %born = arith.mulf %delta, %prey : f64
        %rate_a = arith.subf %alpha, %eaten : f64
        %rate_b = arith.subf %born, %gamma : f64
        %part_a = arith.mulf %share, %rate_a : f64
        %part_b = arith.mulf %share, %rate_b : f64
        %next_a = arith.addf %sum_a, %part_a : f64
        %next_b = arith.addf %sum_b, %part_b : f64
        scf.yield %rate_a, %rate_b, %next_a, %next_b : f64, f64, f64, f64
      }
      scf.yield %sums#2, %sums#3 : f64, f64
    }
    %log_z = tensor.from_elements %state#0, %state#1 : tensor<2xf64>
    %likelihood = vi.log_normal %log_z, %sigma : tensor<2xf64>, tensor<2xf64>
    %y_n = tensor.extract_slice %y[%n, 0] [1, 2] [1, 1]
        : tensor<?x2xf64> to tensor<2xf64>
    vi.observe "y" from %likelihood, %y_n : tensor<2xf64>, tensor<2xf64>
    scf.yield %t_n, %state#0, %state#1 : f64, f64, f64
  }
}
