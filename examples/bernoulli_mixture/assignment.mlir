//===- A mixture of Bernoulli distributions, with its classes ---------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   class[n] ~ categorical(weight), 3 classes
//   x[n][d]  ~ Bernoulli(p[class[n]][d]), 16 questions
//
// The compiler sums the classes out: the density is that of model.mlir.
//
//===----------------------------------------------------------------------===//

vi.model @bernoulli_mixture(%x: tensor<?x16xi1>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x16xi1>

  %weight = vi.param "weight" simplex : tensor<3xf64>
  %p = vi.param "p" unit_interval : tensor<3x16xf64>
  %classes = vi.categorical %weight : tensor<3xf64>

  vi.plate "person" %n in %N (%x_n = %x : tensor<?x16xi1>) {
    %class = vi.sample "class" from %classes : i64
    %k = arith.index_cast %class : i64 to index
    %p_k = tensor.extract_slice %p[%k, 0] [1, 16] [1, 1]
        : tensor<3x16xf64> to tensor<16xf64>
    %answers = vi.bernoulli %p_k : tensor<16xf64>
    vi.observe "x" from %answers, %x_n : tensor<16xi1>, tensor<16xi1>
    vi.yield
  }
}
