//===- Party identification of voters -----------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   beta, sigma ~ flat
//   partyid7[n] ~ normal(X[n] . beta, sigma),
//
// with a row X[n] of 1, ideology, race, indicators of the ages 30-44, 45-64,
// and 65 and above, education, gender, and income.
//
//===----------------------------------------------------------------------===//

vi.model @nes(%N: index, %partyid7: tensor<?xf64>, %real_ideo: tensor<?xf64>,
              %race_adj: tensor<?xf64>, %age_discrete: tensor<?xi64>,
              %educ1: tensor<?xf64>, %gender: tensor<?xf64>,
              %income: tensor<?xf64>) {
  %dot_zero = arith.constant dense<0.0> : tensor<f64>
  %one = arith.constant 1.0 : f64
  %from_30 = arith.constant 2 : i64
  %from_45 = arith.constant 3 : i64
  %from_65 = arith.constant 4 : i64

  %flat = vi.flat real : f64
  %beta = vi.sample "beta" from %flat : f64 -> tensor<9xf64>
  %positive = vi.flat positive : f64
  %sigma = vi.sample "sigma" from %positive : f64

  vi.plate "voter" %n in %N (%partyid7_n = %partyid7 : tensor<?xf64>,
                             %real_ideo_n = %real_ideo : tensor<?xf64>,
                             %race_adj_n = %race_adj : tensor<?xf64>,
                             %age_n = %age_discrete : tensor<?xi64>,
                             %educ1_n = %educ1 : tensor<?xf64>,
                             %gender_n = %gender : tensor<?xf64>,
                             %income_n = %income : tensor<?xf64>) {
    %is_30_44 = arith.cmpi eq, %age_n, %from_30 : i64
    %is_45_64 = arith.cmpi eq, %age_n, %from_45 : i64
    %is_65_up = arith.cmpi eq, %age_n, %from_65 : i64
    %age30_44 = arith.uitofp %is_30_44 : i1 to f64
    %age45_64 = arith.uitofp %is_45_64 : i1 to f64
    %age65up = arith.uitofp %is_65_up : i1 to f64
    %row = tensor.from_elements %one, %real_ideo_n, %race_adj_n, %age30_44,
        %age45_64, %age65up, %educ1_n, %gender_n, %income_n : tensor<9xf64>
    %dot = linalg.dot ins(%row, %beta : tensor<9xf64>, tensor<9xf64>)
                      outs(%dot_zero : tensor<f64>) -> tensor<f64>
    %mean = tensor.extract %dot[] : tensor<f64>
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "partyid7" from %likelihood, %partyid7_n : f64, f64
    vi.yield
  }
}
