//===- Factor analysis, with an amortized guide -----------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   z[n]    ~ normal(0, I), 3 factors
//   x[n]    ~ normal(W z[n] + mu, diag(psi^2)), 10 variables
//   q(z[n]) = normal(V x[n] + b, diag(s^2))
//
//===----------------------------------------------------------------------===//

vi.model @factor_analysis(%x: tensor<?x10xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x10xf64>

  %W = vi.param "W" real : tensor<10x3xf64>
  %mu = vi.param "mu" real : tensor<10xf64>
  %psi = vi.param "psi" positive : tensor<10xf64>
  %standard = vi.normal %zero, %one : f64, f64

  vi.plate "person" %n in %N (%x_n = %x : tensor<?x10xf64>) {
    %z = vi.sample "z" from %standard : f64 -> tensor<3xf64>
    %mean = linalg.matvec ins(%W, %z : tensor<10x3xf64>, tensor<3xf64>)
        outs(%mu : tensor<10xf64>) -> tensor<10xf64>
    %likelihood = vi.normal %mean, %psi : tensor<10xf64>, tensor<10xf64>
    vi.observe "x" from %likelihood, %x_n : tensor<10xf64>, tensor<10xf64>
    vi.yield
  }
}

vi.guide @encoder for @factor_analysis(%x: tensor<?x10xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x10xf64>

  %V = vi.param "V" real : tensor<3x10xf64>
  %b = vi.param "b" real : tensor<3xf64>
  %s = vi.param "s" positive : tensor<3xf64>

  vi.plate "person" %n in %N (%x_n = %x : tensor<?x10xf64>) {
    %mean = linalg.matvec ins(%V, %x_n : tensor<3x10xf64>, tensor<10xf64>)
        outs(%b : tensor<3xf64>) -> tensor<3xf64>
    %q = vi.normal %mean, %s : tensor<3xf64>, tensor<3xf64>
    %z = vi.sample "z" from %q : tensor<3xf64>
    vi.yield
  }
}
