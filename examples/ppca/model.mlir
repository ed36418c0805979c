//===- Probabilistic PCA as a linear autoencoder ---------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   z[n]    ~ normal(0, I), in 2 dimensions
//   x[n]    ~ normal(W z[n] + mu, sigma^2 I), 64 pixels
//   q(z[n]) = normal(V x[n] / 16 + b, diag(s^2))
//
//===----------------------------------------------------------------------===//

vi.model @ppca(%x: tensor<?x64xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x64xf64>

  %W = vi.param "W" real : tensor<64x2xf64>
  %mu = vi.param "mu" real : tensor<64xf64>
  %sigma = vi.param "sigma" positive initial(5.0) : f64
  %standard = vi.normal %zero, %one : f64, f64

  vi.plate "image" %n in %N (%x_n = %x : tensor<?x64xf64>) {
    %z = vi.sample "z" from %standard : f64 -> tensor<2xf64>
    %mean = linalg.matvec ins(%W, %z : tensor<64x2xf64>, tensor<2xf64>)
        outs(%mu : tensor<64xf64>) -> tensor<64xf64>
    %likelihood = vi.normal %mean, %sigma : tensor<64xf64>, f64
    vi.observe "x" from %likelihood, %x_n : tensor<64xf64>, tensor<64xf64>
    vi.yield
  }
}

vi.guide @encoder for @ppca(%x: tensor<?x64xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x64xf64>

  %V = vi.param "V" real : tensor<2x64xf64>
  %b = vi.param "b" real : tensor<2xf64>
  %s = vi.param "s" positive : tensor<2xf64>

  %range = arith.constant dense<16.0> : tensor<64xf64>

  vi.plate "image" %n in %N (%x_n = %x : tensor<?x64xf64>) {
    %gray = arith.divf %x_n, %range : tensor<64xf64>
    %mean = linalg.matvec ins(%V, %gray : tensor<2x64xf64>, tensor<64xf64>)
        outs(%b : tensor<2xf64>) -> tensor<2xf64>
    %q = vi.normal %mean, %s : tensor<2xf64>, tensor<2xf64>
    %z = vi.sample "z" from %q : tensor<2xf64>
    vi.yield
  }
}
