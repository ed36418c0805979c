//===- A variational autoencoder of handwritten digits ------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   z[n]    ~ normal(0, I), in 4 dimensions
//   x[n]    ~ Bernoulli(logits = decode(z[n])), 64 pixels
//   q(z[n]) = normal(mean(x[n]), scale(x[n]))
//
// decode, and the mean and scale of the guide, are networks with one hidden
// layer of 32 units, tanh.
//
//===----------------------------------------------------------------------===//

vi.model @digits_vae(%x: tensor<?x64xi1>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x64xi1>

  %weights1 = vi.param "decoder_weights1" real : tensor<32x4xf64>
  %bias1 = vi.param "decoder_bias1" real : tensor<32xf64>
  %weights2 = vi.param "decoder_weights2" real : tensor<64x32xf64>
  %bias2 = vi.param "decoder_bias2" real : tensor<64xf64>
  %standard = vi.normal %zero, %one : f64, f64

  vi.plate "image" %n in %N (%x_n = %x : tensor<?x64xi1>) {
    %z = vi.sample "z" from %standard : f64 -> tensor<4xf64>
    %activation = linalg.matvec
        ins(%weights1, %z : tensor<32x4xf64>, tensor<4xf64>)
        outs(%bias1 : tensor<32xf64>) -> tensor<32xf64>
    %hidden = math.tanh %activation : tensor<32xf64>
    %logits = linalg.matvec
        ins(%weights2, %hidden : tensor<64x32xf64>, tensor<32xf64>)
        outs(%bias2 : tensor<64xf64>) -> tensor<64xf64>
    %likelihood = vi.bernoulli_logits %logits : tensor<64xf64>
    vi.observe "x" from %likelihood, %x_n : tensor<64xi1>, tensor<64xi1>
    vi.yield
  }
}

vi.guide @encoder for @digits_vae(%x: tensor<?x64xi1>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x64xi1>

  %weights1 = vi.param "encoder_weights1" real : tensor<32x64xf64>
  %bias1 = vi.param "encoder_bias1" real : tensor<32xf64>
  %mean_weights = vi.param "mean_weights" real : tensor<4x32xf64>
  %mean_bias = vi.param "mean_bias" real : tensor<4xf64>
  %scale_weights = vi.param "scale_weights" real : tensor<4x32xf64>
  %scale_bias = vi.param "scale_bias" real : tensor<4xf64>

  vi.plate "image" %n in %N (%x_n = %x : tensor<?x64xi1>) {
    %pixels = arith.uitofp %x_n : tensor<64xi1> to tensor<64xf64>
    %activation = linalg.matvec
        ins(%weights1, %pixels : tensor<32x64xf64>, tensor<64xf64>)
        outs(%bias1 : tensor<32xf64>) -> tensor<32xf64>
    %hidden = math.tanh %activation : tensor<32xf64>
    %mean = linalg.matvec
        ins(%mean_weights, %hidden : tensor<4x32xf64>, tensor<32xf64>)
        outs(%mean_bias : tensor<4xf64>) -> tensor<4xf64>
    %log_scale = linalg.matvec
        ins(%scale_weights, %hidden : tensor<4x32xf64>, tensor<32xf64>)
        outs(%scale_bias : tensor<4xf64>) -> tensor<4xf64>
    %scale = math.exp %log_scale : tensor<4xf64>
    %q = vi.normal %mean, %scale : tensor<4xf64>, tensor<4xf64>
    %z = vi.sample "z" from %q : tensor<4xf64>
    vi.yield
  }
}
