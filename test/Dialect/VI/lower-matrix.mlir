// RUN: vi-opt %s --vi-lower-matrix | FileCheck %s
// RUN: vi-opt %s --vi-to-llvm --mlir-print-ir-after=vi-place-buffers 2>&1 \
// RUN:   | FileCheck %s --check-prefix=BUFFERS

// CHECK-LABEL: func @cholesky
// CHECK-NOT:     vi.cholesky
// CHECK:         linalg.fill
// CHECK:         scf.for %[[I:.*]] = {{.*}} iter_args(%[[L:.*]] = {{.*}})
// CHECK:           scf.for %[[J:.*]] = %{{.*}} to %[[I]]
// CHECK:             scf.for %[[K:.*]] = %{{.*}} to %[[J]]
// CHECK:             arith.divf
// CHECK:           arith.cmpf ogt
// CHECK:           math.sqrt
// CHECK:           arith.select
// The factor is computed in the caller's memory.
// BUFFERS-LABEL: func.func @cholesky(
// BUFFERS-NOT:     memref.alloc
// BUFFERS-NOT:     memref.copy
// BUFFERS:         return
func.func @cholesky(%a: tensor<?x?xf64>) -> tensor<?x?xf64>
    attributes {vi.export} {
  %l = vi.cholesky %a : tensor<?x?xf64>
  return %l : tensor<?x?xf64>
}

// CHECK-LABEL: func @solve
// CHECK-NOT:     vi.triangular_solve
// The right-hand side is copied to the caller's memory and solved there.
// BUFFERS-LABEL: func.func @solve(
// BUFFERS-NOT:     memref.alloc
// BUFFERS-NOT:     memref.copy
// BUFFERS:         return
// BUFFERS-LABEL: func.func @solve_transposed(
func.func @solve(%l: tensor<?x?xf64>, %b: tensor<?xf64>) -> tensor<?xf64>
    attributes {vi.export} {
  %x = vi.triangular_solve %l, %b : tensor<?x?xf64>, tensor<?xf64>
  return %x : tensor<?xf64>
}

// CHECK-LABEL: func @solve_transposed
// CHECK-NOT:     vi.triangular_solve
func.func @solve_transposed(%l: tensor<?x?xf64>, %b: tensor<?x?xf64>)
    -> tensor<?x?xf64> attributes {vi.export} {
  %x = vi.triangular_solve %l, %b transpose : tensor<?x?xf64>, tensor<?x?xf64>
  return %x : tensor<?x?xf64>
}
