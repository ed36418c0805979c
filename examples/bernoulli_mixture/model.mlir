//===- A mixture of Bernoulli distributions ---------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   class[n] ~ categorical(weight), 3 classes, summed out
//   x[n][d]  ~ Bernoulli(p[class[n]][d]), 16 questions
//
//===----------------------------------------------------------------------===//

#element = affine_map<(k, d) -> (k, d)>
#question = affine_map<(k, d) -> (d)>
#class = affine_map<(k, d) -> (k)>

vi.model @bernoulli_mixture(%x: tensor<?x16xi1>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x16xi1>

  %weight = vi.param "weight" simplex : tensor<3xf64>
  %p = vi.param "p" unit_interval : tensor<3x16xf64>
  %log_weight = math.log %weight : tensor<3xf64>

  vi.plate "person" %n in %N (%x_n = %x : tensor<?x16xi1>) {
    // log weight[k] + log p(x[n] | class k)
    %log_joint = linalg.generic {
        indexing_maps = [#element, #question, #class],
        iterator_types = ["parallel", "reduction"]}
        ins(%p, %x_n : tensor<3x16xf64>, tensor<16xi1>)
        outs(%log_weight : tensor<3xf64>) {
      ^bb0(%yes: f64, %x_d: i1, %sum: f64):
        %no = arith.subf %one, %yes : f64
        %probability = arith.select %x_d, %yes, %no : f64
        %log = math.log %probability : f64
        %new = arith.addf %sum, %log : f64
        linalg.yield %new : f64
    } -> tensor<3xf64>
    // The logarithm of the sum of its exponentials, from the largest.
    %lowest = arith.constant dense<0xFFF0000000000000> : tensor<f64>
    %nothing = arith.constant dense<0.0> : tensor<f64>
    %largest = linalg.reduce { arith.maximumf }
        ins(%log_joint : tensor<3xf64>) outs(%lowest : tensor<f64>)
        dimensions = [0]
    %max = tensor.extract %largest[] : tensor<f64>
    %sum = linalg.reduce ins(%log_joint : tensor<3xf64>)
        outs(%nothing : tensor<f64>) dimensions = [0]
      (%term: f64, %so_far: f64) {
        %below = arith.subf %term, %max : f64
        %exp = math.exp %below : f64
        %new = arith.addf %so_far, %exp : f64
        linalg.yield %new : f64
      }
    %total = tensor.extract %sum[] : tensor<f64>
    %log_total = math.log %total : f64
    %log_density = arith.addf %max, %log_total : f64
    vi.factor "x" normalized %log_density : f64
    vi.yield
  }
}
