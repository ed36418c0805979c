// Buffers that are freed in the text: the dealloc goes with the alloc, and a
// buffer that is freed in another way stays on the heap.
// RUN: vi-opt %s --vi-place-buffers | FileCheck %s

// CHECK-LABEL: func.func @own_dealloc
// CHECK-NEXT:    memref.alloca() : memref<4xf64>
// CHECK-NOT:     memref.dealloc
// CHECK:         return
func.func @own_dealloc(%n: index, %x: f64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %b = memref.alloc() : memref<4xf64>
    memref.store %x, %b[%c0] : memref<4xf64>
    memref.dealloc %b : memref<4xf64>
  }
  return
}

// CHECK-LABEL: func.func @dealloc_of_an_alias
// CHECK-NOT:     memref.alloca
// CHECK:         memref.alloc() : memref<4xf64>
// CHECK:         memref.dealloc
func.func @dealloc_of_an_alias(%p: i1, %other: memref<4xf64>) {
  %b = memref.alloc() : memref<4xf64>
  %either = arith.select %p, %b, %other : memref<4xf64>
  memref.dealloc %either : memref<4xf64>
  return
}

// CHECK-LABEL: func.func @realloc
// CHECK-NOT:     memref.alloca
// CHECK:         memref.realloc
func.func @realloc() -> memref<8xf64> {
  %b = memref.alloc() : memref<4xf64>
  %r = memref.realloc %b : memref<4xf64> to memref<8xf64>
  return %r : memref<8xf64>
}

// CHECK-LABEL: func.func @returned_by_another_block
// CHECK-NOT:     memref.alloca
// CHECK:         return
func.func @returned_by_another_block() -> memref<4xf64> {
  %b = memref.alloc() : memref<4xf64>
  cf.br ^end
^end:
  return %b : memref<4xf64>
}
