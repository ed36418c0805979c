//===- A mixture of ten normal distributions in the plane --------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   weight[k]   ~ normal(0, 1), on the scale of logits
//   mu[k, d]    ~ normal(0, 5)
//   sigma[k, d] ~ log-normal(0, 1)
//   y[n]        ~ sum_k softmax(weight)[k] normal(mu[k], diag(sigma[k]))
//
// Which component a point comes from is summed out.
//
//===----------------------------------------------------------------------===//

vi.model @mixture(%y: tensor<?x2xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %five = arith.constant 5.0 : f64
  %half = arith.constant 0.5 : f64
  // log(2 pi)
  %log_two_pi = arith.constant 1.8378770664093453 : f64
  %sum_zero = arith.constant dense<0.0> : tensor<f64>
  %max_zero = arith.constant dense<0xFFF0000000000000> : tensor<f64>
  %N = tensor.dim %y, %c0 : tensor<?x2xf64>

  %standard = vi.normal %zero, %one : f64, f64
  %weight = vi.sample "weight" from %standard : f64 -> tensor<10xf64>
  %wide = vi.normal %zero, %five : f64, f64
  %mu = vi.sample "mu" from %wide : f64 -> tensor<10x2xf64>
  %log_normal = vi.log_normal %zero, %one : f64, f64
  %sigma = vi.sample "sigma" from %log_normal : f64 -> tensor<10x2xf64>

  // What each component's log-density does not take from a point.
  %weight_exp = math.exp %weight : tensor<10xf64>
  %weight_sum = linalg.reduce { arith.addf } ins(%weight_exp : tensor<10xf64>)
      outs(%sum_zero : tensor<f64>) dimensions = [0]
  %weight_total = tensor.extract %weight_sum[] : tensor<f64>
  %log_total = math.log %weight_total : f64
  %shift = arith.addf %log_total, %log_two_pi : f64
  %shifts = tensor.splat %shift : tensor<10xf64>
  %log_weight = arith.subf %weight, %shifts : tensor<10xf64>
  %log_sigma = math.log %sigma : tensor<10x2xf64>
  %zeros = tensor.splat %zero : tensor<10xf64>
  %log_det = linalg.reduce { arith.addf } ins(%log_sigma : tensor<10x2xf64>)
      outs(%zeros : tensor<10xf64>) dimensions = [1]
  %constant = arith.subf %log_weight, %log_det : tensor<10xf64>

  vi.plate "point" %n in %N (%y_n = %y : tensor<?x2xf64>) {
    %empty = tensor.empty() : tensor<10x2xf64>
    %point = linalg.broadcast ins(%y_n : tensor<2xf64>)
        outs(%empty : tensor<10x2xf64>) dimensions = [0]
    %deviation = arith.subf %point, %mu : tensor<10x2xf64>
    %u = arith.divf %deviation, %sigma : tensor<10x2xf64>
    %square = arith.mulf %u, %u : tensor<10x2xf64>
    %distance = linalg.reduce { arith.addf } ins(%square : tensor<10x2xf64>)
        outs(%zeros : tensor<10xf64>) dimensions = [1]
    %halves = tensor.splat %half : tensor<10xf64>
    %quadratic = arith.mulf %halves, %distance : tensor<10xf64>
    %term = arith.subf %constant, %quadratic : tensor<10xf64>

    // log sum_k exp(term[k])
    %max = linalg.reduce { arith.maximumf } ins(%term : tensor<10xf64>)
        outs(%max_zero : tensor<f64>) dimensions = [0]
    %largest = tensor.extract %max[] : tensor<f64>
    %largests = tensor.splat %largest : tensor<10xf64>
    %below = arith.subf %term, %largests : tensor<10xf64>
    %exp = math.exp %below : tensor<10xf64>
    %sum = linalg.reduce { arith.addf } ins(%exp : tensor<10xf64>)
        outs(%sum_zero : tensor<f64>) dimensions = [0]
    %total = tensor.extract %sum[] : tensor<f64>
    %log_sum = math.log %total : f64
    %log_density = arith.addf %largest, %log_sum : f64
    vi.factor "y" normalized %log_density : f64
    vi.yield
  }
}
