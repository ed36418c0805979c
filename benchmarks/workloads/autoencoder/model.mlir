//===- A variational autoencoder, 784-400-20-400-784 -------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   z[n]    ~ normal(0, I), in 20 dimensions
//   x[n]    ~ Bernoulli(logits = decode(z[n])), 784 pixels
//   q(z[n]) = normal(mean(x[n]), scale(x[n]))
//
// decode, and the mean and scale of the guide, are networks with one hidden
// layer of 400 rectified linear units.
//
//===----------------------------------------------------------------------===//

vi.model @autoencoder(%x: tensor<?x784xi1>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %zeros = arith.constant dense<0.0> : tensor<400xf32>
  %N = tensor.dim %x, %c0 : tensor<?x784xi1>

  %weights1 = vi.param "decoder_weights1" real : tensor<400x20xf32>
  %bias1 = vi.param "decoder_bias1" real : tensor<400xf32>
  %weights2 = vi.param "decoder_weights2" real : tensor<784x400xf32>
  %bias2 = vi.param "decoder_bias2" real : tensor<784xf32>
  %standard = vi.normal %zero, %one : f32, f32

  vi.plate "image" %n in %N (%x_n = %x : tensor<?x784xi1>) {
    %z = vi.sample "z" from %standard : f32 -> tensor<20xf32>
    %activation = linalg.matvec
        ins(%weights1, %z : tensor<400x20xf32>, tensor<20xf32>)
        outs(%bias1 : tensor<400xf32>) -> tensor<400xf32>
    %hidden = arith.maximumf %activation, %zeros : tensor<400xf32>
    %logits = linalg.matvec
        ins(%weights2, %hidden : tensor<784x400xf32>, tensor<400xf32>)
        outs(%bias2 : tensor<784xf32>) -> tensor<784xf32>
    %likelihood = vi.bernoulli_logits %logits : tensor<784xf32>
    vi.observe "x" from %likelihood, %x_n : tensor<784xi1>, tensor<784xi1>
    vi.yield
  }
}

vi.guide @encoder for @autoencoder(%x: tensor<?x784xi1>) {
  %c0 = arith.constant 0 : index
  %zeros = arith.constant dense<0.0> : tensor<400xf32>
  %N = tensor.dim %x, %c0 : tensor<?x784xi1>

  %weights1 = vi.param "encoder_weights1" real : tensor<400x784xf32>
  %bias1 = vi.param "encoder_bias1" real : tensor<400xf32>
  %mean_weights = vi.param "mean_weights" real : tensor<20x400xf32>
  %mean_bias = vi.param "mean_bias" real : tensor<20xf32>
  %scale_weights = vi.param "scale_weights" real : tensor<20x400xf32>
  %scale_bias = vi.param "scale_bias" real : tensor<20xf32>

  vi.plate "image" %n in %N (%x_n = %x : tensor<?x784xi1>) {
    %pixels = arith.uitofp %x_n : tensor<784xi1> to tensor<784xf32>
    %activation = linalg.matvec
        ins(%weights1, %pixels : tensor<400x784xf32>, tensor<784xf32>)
        outs(%bias1 : tensor<400xf32>) -> tensor<400xf32>
    %hidden = arith.maximumf %activation, %zeros : tensor<400xf32>
    %mean = linalg.matvec
        ins(%mean_weights, %hidden : tensor<20x400xf32>, tensor<400xf32>)
        outs(%mean_bias : tensor<20xf32>) -> tensor<20xf32>
    %log_scale = linalg.matvec
        ins(%scale_weights, %hidden : tensor<20x400xf32>, tensor<400xf32>)
        outs(%scale_bias : tensor<20xf32>) -> tensor<20xf32>
    %scale = math.exp %log_scale : tensor<20xf32>
    %q = vi.normal %mean, %scale : tensor<20xf32>, tensor<20xf32>
    %z = vi.sample "z" from %q : tensor<20xf32>
    vi.yield
  }
}
