// RUN: vi-opt %s --vi-lower-chunks --canonicalize --cse | FileCheck %s
// RUN: vi-opt %s --vi-lower-chunks=parallel --canonicalize --cse | FileCheck %s --check-prefix=PARALLEL
// RUN: vi-opt %s --vi-lower-chunks=parallel --convert-scf-to-openmp | FileCheck %s --check-prefix=OPENMP

func.func private @f.obs(i64, i64, !llvm.ptr, i64, !llvm.ptr, !llvm.ptr, i64, !llvm.ptr, i64)

// One chunk adds to the results; several, one after the other, share a memory.

// CHECK-LABEL: func @f
// CHECK-SAME:    %[[BEGIN:[^:]*]]: index, %[[END:[^:]*]]: index, %[[LENGTH:[^:]*]]: index
// CHECK:         %[[ONE:.*]] = arith.cmpi sle, %[[COUNT:.*]], %c1
// CHECK:         scf.if %[[ONE]] {
// CHECK:           func.call @f.obs
// CHECK:         } else {
// CHECK:           %[[MEMORY:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xi8>
// CHECK:           scf.for %[[CHUNK:.*]] = %c0 to %[[COUNT]] step %c1
// CHECK:             %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %c0
// CHECK:             scf.if %[[FIRST]] {
// CHECK-NEXT:        } else {
// CHECK:               llvm.store
// CHECK:               "llvm.intr.memset"
// CHECK:             arith.select %[[FIRST]], %{{.*}} : !llvm.ptr
// CHECK:             func.call @f.obs
// CHECK:             arith.addf
// CHECK:             arith.addf
// CHECK:           memref.dealloc %[[MEMORY]]

// PARALLEL-LABEL: func @f
// PARALLEL:         scf.if
// PARALLEL:           func.call @f.obs
// PARALLEL:         } else {
// PARALLEL:           memref.alloc
// PARALLEL:           scf.for
// PARALLEL:             scf.parallel
// PARALLEL:               func.call @f.obs
// PARALLEL:             scf.if
// PARALLEL:               scf.parallel
// PARALLEL:                 arith.addf
// PARALLEL:             } else {
// PARALLEL:               arith.addf
// PARALLEL:           memref.dealloc

// OPENMP-LABEL: func @f
// OPENMP:         omp.parallel
// OPENMP:           omp.wsloop
// OPENMP:             omp.loop_nest
// OPENMP:               func.call @f.obs
func.func @f(%begin: index, %end: index, %length: index, %y: memref<?xf64>,
             %total: memref<f64>, %sums: memref<?xf64>,
             %rows: memref<?xf64, strided<[1], offset: ?>>) {
  vi.chunks @f.obs from %begin to %end by %length inputs(%y : memref<?xf64>)
      sums(%total, %sums : memref<f64>, memref<?xf64>)
      stacks(%rows : memref<?xf64, strided<[1], offset: ?>>)
  return
}

func.func private @g.obs(i64, i64, !llvm.ptr)

// A few sums are on the stack.

// CHECK-LABEL: func @g
// CHECK:         memref.alloca() {alignment = 64 : i64} : memref<64xi8>
// CHECK-NOT:     memref.alloc(
// CHECK-NOT:     memset
func.func @g(%begin: index, %end: index, %length: index, %total: memref<f64>) {
  vi.chunks @g.obs from %begin to %end by %length sums(%total : memref<f64>)
  return
}
