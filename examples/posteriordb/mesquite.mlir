//===- Weight of mesquite bushes ----------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta, sigma ~ flat
//   weight[n]   ~ normal(beta[1] + beta[2] diam1[n] + beta[3] diam2[n]
//                        + beta[4] canopy_height[n] + beta[5] total_height[n]
//                        + beta[6] density[n] + beta[7] group[n], sigma)
//
//===----------------------------------------------------------------------===//

vi.model @mesquite(
    %N: index, %weight: tensor<?xf64>, %diam1: tensor<?xf64>,
    %diam2: tensor<?xf64>, %canopy_height: tensor<?xf64>,
    %total_height: tensor<?xf64>, %density: tensor<?xf64>,
    %group: tensor<?xf64>) {
  %dot_zero = arith.constant dense<0.0> : tensor<f64>
  %one = arith.constant 1.0 : f64

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<7xf64>
  %positive = vi.flat positive : f64
  %sigma = vi.sample "sigma" from %positive : f64

  vi.plate "bush" %n in %N (%weight_n = %weight : tensor<?xf64>,
                            %diam1_n = %diam1 : tensor<?xf64>,
                            %diam2_n = %diam2 : tensor<?xf64>,
                            %canopy_height_n = %canopy_height : tensor<?xf64>,
                            %total_height_n = %total_height : tensor<?xf64>,
                            %density_n = %density : tensor<?xf64>,
                            %group_n = %group : tensor<?xf64>) {
    %row = tensor.from_elements %one, %diam1_n, %diam2_n, %canopy_height_n,
        %total_height_n, %density_n, %group_n : tensor<7xf64>
    %dot = linalg.dot ins(%row, %beta : tensor<7xf64>, tensor<7xf64>)
                      outs(%dot_zero : tensor<f64>) -> tensor<f64>
    %mean = tensor.extract %dot[] : tensor<f64>
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "weight" from %likelihood, %weight_n : f64, f64
    vi.yield
  }
}
