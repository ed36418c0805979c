// A latent on a simplex is one event in the model, and has independent members
// in the guide that is made for it.
//
// RUN: vi-opt %s --vi-compile-model | FileCheck %s

// CHECK-LABEL: func.func @m_elbo_gradient
vi.model @m(%y: tensor<?xi64>) {
  %a = arith.constant dense<1.0> : tensor<3xf64>
  %prior = vi.dirichlet %a : tensor<3xf64>
  %p = vi.sample "p" from %prior : tensor<3xf64>
  %likelihood = vi.categorical %p : tensor<3xf64>
  vi.observe "y" from %likelihood, %y : i64, tensor<?xi64>
}
