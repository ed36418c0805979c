//===- Households that switch wells -------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   alpha       ~ flat
//   beta        ~ flat
//   switched[n] ~ Bernoulli(logits = alpha + x[n] . beta)
//
// with x[n] = [d, a, e, d a, d e, a e] of the centered covariates distance (in
// 100 m) d, arsenic a, and education (in 4 years) e.
//
//===----------------------------------------------------------------------===//

vi.model @wells(%switched: tensor<?xi1>, %dist: tensor<?xf64>,
                %arsenic: tensor<?xf64>, %educ: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %four = arith.constant 4.0 : f64
  %hundred = arith.constant 100.0 : f64
  %zero = arith.constant dense<0.0> : tensor<f64>
  %N = tensor.dim %switched, %c0 : tensor<?xi1>
  %N_int = arith.index_cast %N : index to i64
  %N_real = arith.sitofp %N_int : i64 to f64

  // Means of the covariates: data alone.
  %dist_sum = linalg.reduce { arith.addf } ins(%dist : tensor<?xf64>)
      outs(%zero : tensor<f64>) dimensions = [0]
  %dist_total = tensor.extract %dist_sum[] : tensor<f64>
  %dist_mean = arith.divf %dist_total, %N_real : f64
  %arsenic_sum = linalg.reduce { arith.addf } ins(%arsenic : tensor<?xf64>)
      outs(%zero : tensor<f64>) dimensions = [0]
  %arsenic_total = tensor.extract %arsenic_sum[] : tensor<f64>
  %arsenic_mean = arith.divf %arsenic_total, %N_real : f64
  %educ_sum = linalg.reduce { arith.addf } ins(%educ : tensor<?xf64>)
      outs(%zero : tensor<f64>) dimensions = [0]
  %educ_total = tensor.extract %educ_sum[] : tensor<f64>
  %educ_mean = arith.divf %educ_total, %N_real : f64

  %flat = vi.flat real : f64
  %alpha = vi.sample "alpha" from %flat : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<6xf64>

  vi.plate "household" %n in %N (%switched_n = %switched : tensor<?xi1>,
                                 %dist_n = %dist : tensor<?xf64>,
                                 %arsenic_n = %arsenic : tensor<?xf64>,
                                 %educ_n = %educ : tensor<?xf64>) {
    %dist_c = arith.subf %dist_n, %dist_mean : f64
    %d = arith.divf %dist_c, %hundred : f64
    %a = arith.subf %arsenic_n, %arsenic_mean : f64
    %educ_c = arith.subf %educ_n, %educ_mean : f64
    %e = arith.divf %educ_c, %four : f64
    %da = arith.mulf %d, %a : f64
    %de = arith.mulf %d, %e : f64
    %ae = arith.mulf %a, %e : f64
    %x = tensor.from_elements %d, %a, %e, %da, %de, %ae : tensor<6xf64>

    %dot = linalg.dot ins(%x, %beta : tensor<6xf64>, tensor<6xf64>)
                      outs(%zero : tensor<f64>) -> tensor<f64>
    %effect = tensor.extract %dot[] : tensor<f64>
    %logits = arith.addf %alpha, %effect : f64
    %likelihood = vi.bernoulli_logits %logits : f64
    vi.observe "switched" from %likelihood, %switched_n : i1, i1
    vi.yield
  }
}
