//===- Layers of networks ---------------------------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions to include (`--include`) and to call from models and guides
// (`vi.call`), for one datum. Sizes are dynamic here and those of the call once
// inlined.
//
// They serve f32 as well: where a call has f32, so has all of the body.
//
//   dense         W x + b
//   embedding     row i of a table
//   layer_norm    (x - mean) / sqrt(variance + 1e-5), times gain plus bias
//   relu, leaky_relu (slope 0.01 below 0), silu, gelu, softplus, sigmoid, tanh
//                 elementwise
//   log_softmax   x - log(sum exp(x))
//
// Of images, whose dimensions are channels, rows, columns:
//
//   convolution(F, b, x)
//                 y[o,h,w] = b[o] + sum over c, i, j of F[o,c,i,j] x[c,h+i,w+j],
//                 without padding (a cross-correlation, as in all libraries);
//                 the filters are (out, in, rows, columns)
//   convolution_stride2
//                 the same with x[c,2h+i,2w+j]
//   transposed_convolution(F, b, x)
//                 x[c,h,w] F[c,o,i,j] is added to y[o,h+i,w+j]: the adjoint of a
//                 convolution, with filters (in, out, rows, columns)
//   transposed_convolution_stride2
//                 the same with y[o,2h+i,2w+j]
//   zero_pad      a row or column of zeros on each side
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

//===----------------------------------------------------------------------===//
// Images: channels, rows, columns
//===----------------------------------------------------------------------===//

#bias = affine_map<(o, h, w) -> (o)>
#image = affine_map<(o, h, w) -> (o, h, w)>
// Of a convolution: for each element of the result (o, h, w), a sum over
// channels (c) and the filter's rows and columns (i, j).
#filters = affine_map<(o, h, w, c, i, j) -> (o, c, i, j)>
#window = affine_map<(o, h, w, c, i, j) -> (c, h + i, w + j)>
#window2 = affine_map<(o, h, w, c, i, j) -> (c, 2 * h + i, 2 * w + j)>
#result = affine_map<(o, h, w, c, i, j) -> (o, h, w)>
// Of a transposed one: each element (c, h, w) is spread over a window.
#transposed = affine_map<(o, c, h, w, i, j) -> (c, o, i, j)>
#element = affine_map<(o, c, h, w, i, j) -> (c, h, w)>
#spread = affine_map<(o, c, h, w, i, j) -> (o, h + i, w + j)>
#spread2 = affine_map<(o, c, h, w, i, j) -> (o, 2 * h + i, 2 * w + j)>

// An image whose channels are all of one number each.
func.func @fill_channels(%b: tensor<?xf64>, %h: index, %w: index)
    -> tensor<?x?x?xf64> {
  %c0 = arith.constant 0 : index
  %o = tensor.dim %b, %c0 : tensor<?xf64>
  %empty = tensor.empty(%o, %h, %w) : tensor<?x?x?xf64>
  %y = linalg.generic {indexing_maps = [#bias, #image],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%b : tensor<?xf64>) outs(%empty : tensor<?x?x?xf64>) {
    ^bb0(%e: f64, %out: f64):
      linalg.yield %e : f64
  } -> tensor<?x?x?xf64>
  return %y : tensor<?x?x?xf64>
}

func.func @zero_pad(%x: tensor<?x?x?xf64>) -> tensor<?x?x?xf64> {
  %zero = arith.constant 0.0 : f64
  %y = tensor.pad %x low[0, 1, 1] high[0, 1, 1] {
    ^bb0(%c: index, %h: index, %w: index):
      tensor.yield %zero : f64
  } : tensor<?x?x?xf64> to tensor<?x?x?xf64>
  return %y : tensor<?x?x?xf64>
}

func.func @convolution(%f: tensor<?x?x?x?xf64>, %b: tensor<?xf64>,
                  %x: tensor<?x?x?xf64>) -> tensor<?x?x?xf64> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %rows = tensor.dim %x, %c1 : tensor<?x?x?xf64>
  %columns = tensor.dim %x, %c2 : tensor<?x?x?xf64>
  %filter_rows = tensor.dim %f, %c2 : tensor<?x?x?x?xf64>
  %filter_columns = tensor.dim %f, %c3 : tensor<?x?x?x?xf64>
  %last_row = arith.subi %rows, %filter_rows : index
  %last_column = arith.subi %columns, %filter_columns : index
  %h = arith.addi %last_row, %c1 : index
  %w = arith.addi %last_column, %c1 : index
  %start = vi.call @fill_channels(%b, %h, %w)
      : (tensor<?xf64>, index, index) -> tensor<?x?x?xf64>
  %y = linalg.generic {indexing_maps = [#filters, #window, #result],
                       iterator_types = ["parallel", "parallel", "parallel",
                                         "reduction", "reduction",
                                         "reduction"]}
      ins(%f, %x : tensor<?x?x?x?xf64>, tensor<?x?x?xf64>)
      outs(%start : tensor<?x?x?xf64>) {
    ^bb0(%weight: f64, %e: f64, %so_far: f64):
      %product = arith.mulf %weight, %e : f64
      %sum = arith.addf %so_far, %product : f64
      linalg.yield %sum : f64
  } -> tensor<?x?x?xf64>
  return %y : tensor<?x?x?xf64>
}

func.func @convolution_stride2(%f: tensor<?x?x?x?xf64>, %b: tensor<?xf64>,
                  %x: tensor<?x?x?xf64>) -> tensor<?x?x?xf64> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %rows = tensor.dim %x, %c1 : tensor<?x?x?xf64>
  %columns = tensor.dim %x, %c2 : tensor<?x?x?xf64>
  %filter_rows = tensor.dim %f, %c2 : tensor<?x?x?x?xf64>
  %filter_columns = tensor.dim %f, %c3 : tensor<?x?x?x?xf64>
  %last_row = arith.subi %rows, %filter_rows : index
  %last_column = arith.subi %columns, %filter_columns : index
  %half_row = arith.divui %last_row, %c2 : index
  %half_column = arith.divui %last_column, %c2 : index
  %h = arith.addi %half_row, %c1 : index
  %w = arith.addi %half_column, %c1 : index
  %start = vi.call @fill_channels(%b, %h, %w)
      : (tensor<?xf64>, index, index) -> tensor<?x?x?xf64>
  %y = linalg.generic {indexing_maps = [#filters, #window2, #result],
                       iterator_types = ["parallel", "parallel", "parallel",
                                         "reduction", "reduction",
                                         "reduction"]}
      ins(%f, %x : tensor<?x?x?x?xf64>, tensor<?x?x?xf64>)
      outs(%start : tensor<?x?x?xf64>) {
    ^bb0(%weight: f64, %e: f64, %so_far: f64):
      %product = arith.mulf %weight, %e : f64
      %sum = arith.addf %so_far, %product : f64
      linalg.yield %sum : f64
  } -> tensor<?x?x?xf64>
  return %y : tensor<?x?x?xf64>
}

func.func @transposed_convolution(%f: tensor<?x?x?x?xf64>,
                  %b: tensor<?xf64>, %x: tensor<?x?x?xf64>)
    -> tensor<?x?x?xf64> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %rows = tensor.dim %x, %c1 : tensor<?x?x?xf64>
  %columns = tensor.dim %x, %c2 : tensor<?x?x?xf64>
  %filter_rows = tensor.dim %f, %c2 : tensor<?x?x?x?xf64>
  %filter_columns = tensor.dim %f, %c3 : tensor<?x?x?x?xf64>
  %row_steps = arith.subi %rows, %c1 : index
  %column_steps = arith.subi %columns, %c1 : index
  %h = arith.addi %row_steps, %filter_rows : index
  %w = arith.addi %column_steps, %filter_columns : index
  %start = vi.call @fill_channels(%b, %h, %w)
      : (tensor<?xf64>, index, index) -> tensor<?x?x?xf64>
  %y = linalg.generic {indexing_maps = [#transposed, #element, #spread],
                       iterator_types = ["parallel", "reduction", "reduction",
                                         "reduction", "reduction",
                                         "reduction"]}
      ins(%f, %x : tensor<?x?x?x?xf64>, tensor<?x?x?xf64>)
      outs(%start : tensor<?x?x?xf64>) {
    ^bb0(%weight: f64, %e: f64, %so_far: f64):
      %product = arith.mulf %weight, %e : f64
      %sum = arith.addf %so_far, %product : f64
      linalg.yield %sum : f64
  } -> tensor<?x?x?xf64>
  return %y : tensor<?x?x?xf64>
}

func.func @transposed_convolution_stride2(%f: tensor<?x?x?x?xf64>,
                  %b: tensor<?xf64>, %x: tensor<?x?x?xf64>)
    -> tensor<?x?x?xf64> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %rows = tensor.dim %x, %c1 : tensor<?x?x?xf64>
  %columns = tensor.dim %x, %c2 : tensor<?x?x?xf64>
  %filter_rows = tensor.dim %f, %c2 : tensor<?x?x?x?xf64>
  %filter_columns = tensor.dim %f, %c3 : tensor<?x?x?x?xf64>
  %row_steps = arith.subi %rows, %c1 : index
  %column_steps = arith.subi %columns, %c1 : index
  %last_row = arith.muli %row_steps, %c2 : index
  %last_column = arith.muli %column_steps, %c2 : index
  %h = arith.addi %last_row, %filter_rows : index
  %w = arith.addi %last_column, %filter_columns : index
  %start = vi.call @fill_channels(%b, %h, %w)
      : (tensor<?xf64>, index, index) -> tensor<?x?x?xf64>
  %y = linalg.generic {indexing_maps = [#transposed, #element, #spread2],
                       iterator_types = ["parallel", "reduction", "reduction",
                                         "reduction", "reduction",
                                         "reduction"]}
      ins(%f, %x : tensor<?x?x?x?xf64>, tensor<?x?x?xf64>)
      outs(%start : tensor<?x?x?xf64>) {
    ^bb0(%weight: f64, %e: f64, %so_far: f64):
      %product = arith.mulf %weight, %e : f64
      %sum = arith.addf %so_far, %product : f64
      linalg.yield %sum : f64
  } -> tensor<?x?x?xf64>
  return %y : tensor<?x?x?xf64>
}
