// RUN: vi-opt %s --vi-lower-matrix | FileCheck %s
// RUN: vi-opt %s --vi-lower-matrix=blocked=true \
// RUN:   | FileCheck %s --check-prefix=BLOCKS
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
// By blocks of columns, transposed: a product with those before, then row by
// row.
// BLOCKS-LABEL: func @cholesky
// BLOCKS:         scf.for %[[J:.*]] = %{{.*}} to %[[N:.*]] step %c32{{.*}} iter_args(%[[L:.*]] = {{.*}})
// BLOCKS:           %[[WIDTH:.*]] = arith.subi %[[N]], %[[J]]
// BLOCKS:           %[[ROWS:.*]] = arith.minsi
// BLOCKS:           linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]
// BLOCKS:           %[[DONE:.*]] = tensor.extract_slice %[[L]][%[[J]], 0] [%[[ROWS]], %[[J]]]
// BLOCKS:           %[[ALL:.*]] = tensor.extract_slice %[[L]][%[[J]], 0] [%[[WIDTH]], %[[J]]]
// BLOCKS:           linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[DONE]], %[[ALL]]
// BLOCKS:             arith.negf
// BLOCKS:           scf.for %{{.*}} to %[[ROWS]]
// BLOCKS:             linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// BLOCKS:             arith.cmpf ogt
// BLOCKS:             math.sqrt
// BLOCKS:             arith.divf
// BLOCKS:           tensor.insert_slice %{{.*}} into %[[L]][%[[J]], %[[J]]]
// The factor is computed in the caller's memory; a block has its own.
// BUFFERS-LABEL: func.func @cholesky(
// BUFFERS-NOT:     memref.alloc
// BUFFERS-NOT:     memref.copy
// BUFFERS:         scf.for {{.*}} step %c32
// BUFFERS:         return
func.func @cholesky(%a: tensor<?x?xf64>) -> tensor<?x?xf64>
    attributes {vi.export} {
  %l = vi.cholesky %a : tensor<?x?xf64>
  return %l : tensor<?x?xf64>
}

// CHECK-LABEL: func @solve
// CHECK-NOT:     vi.triangular_solve
// BLOCKS-LABEL: func @solve
// BLOCKS-NOT:     vi.triangular_solve
// The right-hand side is solved in the caller's memory, block by block.
// BUFFERS-LABEL: func.func @solve(
// BUFFERS-NOT:     memref.alloc(
// BUFFERS-NOT:     memref.copy
// BUFFERS:         scf.for
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

// Element by element in place, from the last column on; by blocks, a product with
// what is done of the symmetric matrix, then a solve.
// CHECK-LABEL: func @adjoint
// CHECK-NOT:     vi.cholesky
// CHECK:         scf.for %[[STEP:.*]] = %{{.*}} to %[[N:.*]] step
// CHECK:         scf.for %[[STEP:.*]] = %{{.*}} to %[[N]] step
// CHECK:           %[[J:.*]] = arith.subi %{{.*}}, %[[STEP]]
// CHECK:           tensor.extract %{{.*}}[%[[J]], %[[J]]]
// CHECK:           scf.for
// CHECK:             arith.divf
// BLOCKS-LABEL: func @adjoint
// BLOCKS-NOT:     vi.{{cholesky|triangular}}
// BLOCKS:         scf.for %{{.*}} iter_args(%[[S:.*]] = {{.*}})
// BLOCKS:           %[[REST:.*]] = tensor.extract_slice %[[S]][%[[K:.*]], %[[K]]] [%[[SIZE:.*]], %[[SIZE]]]
// BLOCKS:           linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %[[REST]]
// BLOCKS:           scf.for
// BLOCKS:           tensor.insert_slice
func.func @adjoint(%l: tensor<?x?xf64>, %l_bar: tensor<?x?xf64>)
    -> tensor<?x?xf64> attributes {vi.export} {
  %a_bar = vi.cholesky_adjoint %l, %l_bar : tensor<?x?xf64>
  return %a_bar : tensor<?x?xf64>
}

// Blocks of a small matrix would be all of it.
// BLOCKS-LABEL: func @small
// BLOCKS-NOT:     linalg.generic
// BLOCKS:         return
func.func @small(%a: tensor<8x8xf64>) -> tensor<8x8xf64> {
  %l = vi.cholesky %a : tensor<8x8xf64>
  return %l : tensor<8x8xf64>
}
