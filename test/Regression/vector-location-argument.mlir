// RUN: vi-opt %s --guide=fullrank -o - --emit=mlir | FileCheck %s

// A density whose location is an argument: no plate's result, and no part of a
// joint draw. Assertions of debug builds found it.

// CHECK: func.func @events_elbo(
vi.model @events(%l: tensor<2x2xf64>, %m: tensor<2xf64>, %n: index) {
  %p = vi.multivariate_normal %m, %l : tensor<2xf64>, tensor<2x2xf64>
  %one = vi.sample "one" from %p : tensor<2xf64>
  %many = vi.sample "many" from %p [%n] : tensor<2xf64> -> tensor<?x2xf64>
}
