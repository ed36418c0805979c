//===- Layers of networks ---------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions to include (`--include`) and to call from models and guides
// (`vi.call`), for one datum; a plate makes products of matrices of them. Sizes
// are dynamic here and those of the call once inlined.
//
//   dense         W x + b
//   embedding     row i of a table
//   convolution   of channels, rows, columns with filters (out, in, rows,
//                 columns), without padding, plus a number for each channel
//   layer_norm    (x - mean) / sqrt(variance + 1e-5), times gain plus bias
//   relu, leaky_relu (slope 0.01 below 0), silu, gelu, softplus, sigmoid, tanh
//                 elementwise
//   log_softmax   x - log(sum exp(x))
//
//===----------------------------------------------------------------------===//

#vector = affine_map<(i) -> (i)>
#scalar = affine_map<(i) -> ()>

func.func @dense(%w: tensor<?x?xf64>, %b: tensor<?xf64>, %x: tensor<?xf64>)
    -> tensor<?xf64> {
  %y = linalg.matvec ins(%w, %x : tensor<?x?xf64>, tensor<?xf64>)
      outs(%b : tensor<?xf64>) -> tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @embedding(%table: tensor<?x?xf64>, %i: index) -> tensor<?xf64> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %table, %c1 : tensor<?x?xf64>
  %row = tensor.extract_slice %table[%i, 0] [1, %n] [1, 1]
      : tensor<?x?xf64> to tensor<?xf64>
  return %row : tensor<?xf64>
}

func.func @layer_norm(%gain: tensor<?xf64>, %bias: tensor<?xf64>,
                      %x: tensor<?xf64>) -> tensor<?xf64> {
  %c0 = arith.constant 0 : index
  %epsilon = arith.constant 1.0e-5 : f64
  %zero = arith.constant dense<0.0> : tensor<f64>
  %size = tensor.dim %x, %c0 : tensor<?xf64>
  %size_int = arith.index_cast %size : index to i64
  %n = arith.sitofp %size_int : i64 to f64
  %total = linalg.reduce { arith.addf } ins(%x : tensor<?xf64>)
      outs(%zero : tensor<f64>) dimensions = [0]
  %sum = tensor.extract %total[] : tensor<f64>
  %mean = arith.divf %sum, %n : f64
  %squares = linalg.reduce ins(%x : tensor<?xf64>) outs(%zero : tensor<f64>)
      dimensions = [0]
    (%e: f64, %so_far: f64) {
      %d = arith.subf %e, %mean : f64
      %d2 = arith.mulf %d, %d : f64
      %new = arith.addf %so_far, %d2 : f64
      linalg.yield %new : f64
    }
  %sum_of_squares = tensor.extract %squares[] : tensor<f64>
  %variance = arith.divf %sum_of_squares, %n : f64
  %positive = arith.addf %variance, %epsilon : f64
  %sd = math.sqrt %positive : f64
  %y = linalg.generic {indexing_maps = [#vector, #vector, #vector, #vector],
                       iterator_types = ["parallel"]}
      ins(%x, %gain, %bias : tensor<?xf64>, tensor<?xf64>, tensor<?xf64>)
      outs(%x : tensor<?xf64>) {
    ^bb0(%e: f64, %g: f64, %b: f64, %out: f64):
      %d = arith.subf %e, %mean : f64
      %standard = arith.divf %d, %sd : f64
      %scaled = arith.mulf %standard, %g : f64
      %moved = arith.addf %scaled, %b : f64
      linalg.yield %moved : f64
  } -> tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @relu(%x: tensor<?xf64>) -> tensor<?xf64> {
  %y = linalg.generic {indexing_maps = [#vector, #vector],
                       iterator_types = ["parallel"]}
      ins(%x : tensor<?xf64>) outs(%x : tensor<?xf64>) {
    ^bb0(%e: f64, %out: f64):
      %zero = arith.constant 0.0 : f64
      %r = arith.maximumf %e, %zero : f64
      linalg.yield %r : f64
  } -> tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @leaky_relu(%x: tensor<?xf64>) -> tensor<?xf64> {
  %y = linalg.generic {indexing_maps = [#vector, #vector],
                       iterator_types = ["parallel"]}
      ins(%x : tensor<?xf64>) outs(%x : tensor<?xf64>) {
    ^bb0(%e: f64, %out: f64):
      %slope = arith.constant 0.01 : f64
      %small = arith.mulf %slope, %e : f64
      %r = arith.maximumf %e, %small : f64
      linalg.yield %r : f64
  } -> tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @silu(%x: tensor<?xf64>) -> tensor<?xf64> {
  %s = special.sigmoid %x : tensor<?xf64>
  %y = arith.mulf %x, %s : tensor<?xf64>
  return %y : tensor<?xf64>
}

// x Phi(x)
func.func @gelu(%x: tensor<?xf64>) -> tensor<?xf64> {
  %s = special.normal_cdf %x : tensor<?xf64>
  %y = arith.mulf %x, %s : tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @softplus(%x: tensor<?xf64>) -> tensor<?xf64> {
  %y = special.softplus %x : tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @sigmoid(%x: tensor<?xf64>) -> tensor<?xf64> {
  %y = special.sigmoid %x : tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @tanh(%x: tensor<?xf64>) -> tensor<?xf64> {
  %y = math.tanh %x : tensor<?xf64>
  return %y : tensor<?xf64>
}

func.func @log_softmax(%x: tensor<?xf64>) -> tensor<?xf64> {
  %lowest = arith.constant dense<0xFFF0000000000000> : tensor<f64>
  %zero = arith.constant dense<0.0> : tensor<f64>
  %largest = linalg.reduce { arith.maximumf } ins(%x : tensor<?xf64>)
      outs(%lowest : tensor<f64>) dimensions = [0]
  %max = tensor.extract %largest[] : tensor<f64>
  %sum = linalg.reduce ins(%x : tensor<?xf64>) outs(%zero : tensor<f64>)
      dimensions = [0]
    (%e: f64, %so_far: f64) {
      %below = arith.subf %e, %max : f64
      %exp = math.exp %below : f64
      %new = arith.addf %so_far, %exp : f64
      linalg.yield %new : f64
    }
  %total = tensor.extract %sum[] : tensor<f64>
  %log_total = math.log %total : f64
  %all = arith.addf %max, %log_total : f64
  %y = linalg.generic {indexing_maps = [#vector, #vector],
                       iterator_types = ["parallel"]}
      ins(%x : tensor<?xf64>) outs(%x : tensor<?xf64>) {
    ^bb0(%e: f64, %out: f64):
      %r = arith.subf %e, %all : f64
      linalg.yield %r : f64
  } -> tensor<?xf64>
  return %y : tensor<?xf64>
}
