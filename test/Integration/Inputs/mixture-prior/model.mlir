//===- A learned mixture as the prior of a latent -----------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   k[n] ~ categorical(softmax(prior_logits))
//   z[n] ~ normal(prior_loc[k[n]], prior_scale[k[n]])
//   x[n] ~ normal(weights z[n] + bias, sigma I)
//
// The guide has z alone, so that k is summed out: the prior of z is a mixture.
//
//===----------------------------------------------------------------------===//

vi.model @mixture_prior(%x: tensor<?x4xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x4xf64>
  %loc = vi.param "prior_loc" real : tensor<3xf64>
  %scale = vi.param "prior_scale" positive : tensor<3xf64>
  %logits = vi.param "prior_logits" real : tensor<3xf64>
  %W = vi.param "weights" real : tensor<4x1xf64>
  %b = vi.param "bias" real : tensor<4xf64>
  %sigma = vi.param "sigma" positive : f64
  %component = vi.categorical_logits %logits : tensor<3xf64>
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x4xf64>) {
    %k = vi.sample "k" from %component : i64
    %i = arith.index_cast %k : i64 to index
    %loc_k = tensor.extract %loc[%i] : tensor<3xf64>
    %scale_k = tensor.extract %scale[%i] : tensor<3xf64>
    %prior = vi.normal %loc_k, %scale_k : f64, f64
    %z = vi.sample "z" from %prior : f64
    %z1 = tensor.from_elements %z : tensor<1xf64>
    %mean = linalg.matvec ins(%W, %z1 : tensor<4x1xf64>, tensor<1xf64>)
        outs(%b : tensor<4xf64>) -> tensor<4xf64>
    %sigmas = tensor.splat %sigma : tensor<4xf64>
    %likelihood = vi.normal %mean, %sigmas : tensor<4xf64>, tensor<4xf64>
    vi.observe "x" from %likelihood, %x_n : tensor<4xf64>, tensor<4xf64>
    vi.yield
  }
}
vi.guide @encoder for @mixture_prior(%x: tensor<?x4xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x4xf64>
  %V = vi.param "encoder_weights" real : tensor<1x4xf64>
  %m = vi.param "encoder_bias" real : tensor<1xf64>
  %s = vi.param "encoder_scale" positive : f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x4xf64>) {
    %mean = linalg.matvec ins(%V, %x_n : tensor<1x4xf64>, tensor<4xf64>)
        outs(%m : tensor<1xf64>) -> tensor<1xf64>
    %loc = tensor.extract %mean[%c0] : tensor<1xf64>
    %q = vi.normal %loc, %s : f64, f64
    %z = vi.sample "z" from %q : f64
    vi.yield
  }
}
