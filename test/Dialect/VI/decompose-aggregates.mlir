// RUN: vi-opt %s --vi-decompose-aggregates | FileCheck %s
// RUN: vi-opt %s --vi-decompose-aggregates --vi-raise-to-plates --canonicalize | FileCheck %s --check-prefix=RAISED

// The probabilities of a softmax regression: no array of them is left when the
// softmax is written out, as a member's row follows into the plate.

// CHECK-LABEL: vi.model @softmax_regression
// CHECK-NOT: linalg.softmax
// CHECK: arith.maxnumf
// CHECK: math.exp
// CHECK: arith.divf

// RAISED-LABEL: vi.model @softmax_regression
// RAISED-NOT: linalg.generic
// RAISED: vi.plate "y"
// RAISED: math.exp
// RAISED: arith.divf
// RAISED: vi.categorical %{{.*}} : tensor<4xf64>
vi.model @softmax_regression(%eta: tensor<?x4xf64>, %y: tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %eta, %c0 : tensor<?x4xf64>
  %empty = tensor.empty(%n) : tensor<?x4xf64>
  %p = linalg.softmax dimension(1) ins(%eta : tensor<?x4xf64>)
      outs(%empty : tensor<?x4xf64>) -> tensor<?x4xf64>
  %d = vi.categorical %p : tensor<?x4xf64>
  vi.observe "y" from %d, %y : tensor<?xi64>, tensor<?xi64>
}
