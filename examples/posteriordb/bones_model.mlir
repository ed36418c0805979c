//===- Skeletal age of children -----------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   theta[i]    ~ normal(0, 36)
//   grade[i, j] ~ ordered(p[i, j]),
//
// where the probability of a grade above k is Q[k] = logistic(delta[j]
// (theta[i] - gamma[j, k])), and indicator j has ncat[j] grades. A grade of -1
// has not been seen. With a = delta (theta - gamma[g - 1]) and b the same of
// gamma[g], the probability of grade g between the ends is
//
//   logistic(a) - logistic(b) = logistic(a) logistic(-b) (1 - exp(-(a - b))),
//
// and a - b does not depend on theta.
//
//===----------------------------------------------------------------------===//

vi.model @bones_model(%nChild: index, %nInd: index, %gamma: tensor<?x4xf64>,
                      %delta: tensor<?xf64>, %ncat: tensor<?xi64>,
                      %grade: tensor<?x?xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %spread = arith.constant 36.0 : f64
  %one_int = arith.constant 1 : i64

  %prior = vi.normal %zero, %spread : f64, f64
  vi.plate "child" %i in %nChild (%grade_i = %grade : tensor<?x?xi64>) {
    %theta = vi.sample "theta" from %prior : f64

    vi.plate "indicator" %j in %nInd (%g = %grade_i : tensor<?xi64>,
                                      %ncat_j = %ncat : tensor<?xi64>,
                                      %delta_j = %delta : tensor<?xf64>,
                                      %gamma_j = %gamma : tensor<?x4xf64>) {
      // Which of the two thresholds the grade has.
      %is_seen = arith.cmpi sge, %g, %one_int : i64
      %is_above = arith.cmpi sgt, %g, %one_int : i64
      %is_not_last = arith.cmpi slt, %g, %ncat_j : i64
      %has_upper = arith.andi %is_seen, %is_not_last : i1
      %has_both = arith.andi %is_above, %is_not_last : i1

      // gamma[g - 1] and gamma[g], counted from 1; any other number where there
      // is no such threshold.
      %number = arith.index_cast %g : i64 to index
      %below = arith.subi %number, %c2 : index
      %above = arith.addi %below, %c1 : index
      %lower_at = arith.select %is_above, %below, %c0 : index
      %upper_at = arith.select %has_upper, %above, %c0 : index
      %lower = tensor.extract %gamma_j[%lower_at] : tensor<4xf64>
      %upper = tensor.extract %gamma_j[%upper_at] : tensor<4xf64>

      %over_lower = arith.subf %theta, %lower : f64
      %a = arith.mulf %delta_j, %over_lower : f64
      %over_upper = arith.subf %theta, %upper : f64
      %b = arith.mulf %delta_j, %over_upper : f64
      %gap = arith.subf %upper, %lower : f64
      %difference = arith.mulf %delta_j, %gap : f64
      %distance = arith.select %has_both, %difference, %one : f64

      %minus_a = arith.negf %a : f64
      %log_above_lower = special.softplus %minus_a : f64
      %log_below_upper = special.softplus %b : f64
      %log_between = special.log1mexp %distance : f64
      %term1 = arith.select %is_above, %log_above_lower, %zero : f64
      %term2 = arith.select %has_upper, %log_below_upper, %zero : f64
      %term3 = arith.select %has_both, %log_between, %zero : f64
      %rest = arith.subf %term3, %term1 : f64
      %log_probability = arith.subf %rest, %term2 : f64
      vi.factor "grade" normalized %log_probability : f64
      vi.yield
    }
    vi.yield
  }
}
