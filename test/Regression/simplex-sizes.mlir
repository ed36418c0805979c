// A point on a simplex of a size that the data give has one coordinate less on
// the unconstrained scale.
// RUN: vi-opt %s --vi-raise-to-plates --vi-unconstrain --vi-auto-guide --vi-raise-to-plates --vi-entry-points --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @m_shapes(
// CHECK-SAME:    %[[ALPHA:[a-z0-9]+]]: tensor<?xf64>
// CHECK:         %[[K:.*]] = tensor.dim %[[ALPHA]], %c0
// CHECK:         %[[FREE:.*]] = arith.addi %[[K]], %c-1
// CHECK:         return %{{.*}}, %[[FREE]], %[[FREE]], %[[FREE]], %[[FREE]], %[[FREE]], %[[K]] : index
vi.model @m(%alpha: tensor<?xf64>) {
  %p = vi.dirichlet %alpha : tensor<?xf64>
  %a = vi.sample "a" from %p : tensor<?xf64>
}
