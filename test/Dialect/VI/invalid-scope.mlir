// A latent used outside its plate: the error of its use, and a note where it is.
// RUN: not vi-opt %s 2>&1 | FileCheck %s
// RUN: not vi-fit %s 2>&1 | FileCheck %s

// CHECK:      invalid-scope.mlir:[[#@LINE + 14]]:35: error: use of undeclared SSA value name
// CHECK:      invalid-scope.mlir:[[#@LINE + 9]]:5: note: a value of this name is here, in a region that has ended: what a plate computes for its members leaves it as a stack (vi.yield)
// CHECK-NEXT:   %z:2 = math.sincos
vi.model @outside(%y: tensor<3xf64>) {
  %c3 = arith.constant 3 : index
  %one = arith.constant 1.0 : f64
  %prior = vi.normal %one, %one : f64, f64
  vi.plate "n" %n in %c3 (%y_n = %y : tensor<3xf64>) {
    // %z = not this one
    %x = vi.sample "x" from %prior : f64
    %z:2 = math.sincos %x : f64
    vi.observe "y" from %prior, %y_n : f64, f64
  }
  vi.deterministic "twice" %one : f64
  vi.deterministic "outside"      %z#1 : f64
}
