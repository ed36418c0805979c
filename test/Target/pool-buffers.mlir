// Buffers of a block become views of one allocation; those that are not in use
// at the same time share memory.
// RUN: vi-opt %s --vi-pool-buffers | FileCheck %s

// The first and the third are never in use together; the second is with both.
// CHECK-LABEL: func.func @reuse
// CHECK:         %[[MEMORY:.*]] = memref.alloc() {alignment = 64 : i64} : memref<16384xi8>
// CHECK:         %[[A:.*]] = memref.view %[[MEMORY]][%c0{{.*}}][] : memref<16384xi8> to memref<1024xf64>
// CHECK:         %[[B:.*]] = memref.view %[[MEMORY]][%c8192{{.*}}][] : memref<16384xi8> to memref<1024xf64>
// CHECK:         linalg.fill {{.*}} outs(%[[A]]
// CHECK:         linalg.copy ins(%[[A]] {{.*}} outs(%[[B]]
// CHECK:         %[[C:.*]] = memref.view %[[MEMORY]][%c0{{.*}}][] : memref<16384xi8> to memref<512xf64>
// CHECK:         scf.for
// CHECK:           memref.store %{{.*}}, %[[C]]
// CHECK:         memref.load %[[B]]
// CHECK-NEXT:    memref.dealloc %[[MEMORY]]
// CHECK-NEXT:    return
func.func @reuse(%n: index, %x: f64) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<1024xf64>
  %b = memref.alloc() : memref<1024xf64>
  linalg.fill ins(%x : f64) outs(%a : memref<1024xf64>)
  linalg.copy ins(%a : memref<1024xf64>) outs(%b : memref<1024xf64>)
  %c = memref.alloc() : memref<512xf64>
  scf.for %i = %c0 to %n step %c1 {
    memref.store %x, %c[%i] : memref<512xf64>
  }
  %r = memref.load %b[%c0] : memref<1024xf64>
  memref.dealloc %a : memref<1024xf64>
  memref.dealloc %b : memref<1024xf64>
  memref.dealloc %c : memref<512xf64>
  return %r : f64
}

// A buffer is in use as long as a part of it is, which a loop carries here.
// CHECK-LABEL: func.func @aliases
// CHECK:         memref.alloc() {alignment = 64 : i64} : memref<16384xi8>
func.func @aliases(%n: index, %x: f64) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<1024xf64>
  %b = memref.alloc() : memref<1024xf64>
  %part = memref.cast %a : memref<1024xf64> to memref<?xf64>
  %last = scf.for %i = %c0 to %n step %c1 iter_args(%m = %part) -> memref<?xf64> {
    memref.store %x, %m[%i] : memref<?xf64>
    scf.yield %m : memref<?xf64>
  }
  linalg.fill ins(%x : f64) outs(%b : memref<1024xf64>)
  %r = memref.load %last[%c0] : memref<?xf64>
  memref.dealloc %a : memref<1024xf64>
  memref.dealloc %b : memref<1024xf64>
  return %r : f64
}

// What the block does not free itself, or is of a size that is not known, stays.
// CHECK-LABEL: func.func @others
// CHECK-NEXT:    memref.alloc() : memref<4xf64>
// CHECK-NEXT:    memref.alloc(%{{.*}}) : memref<?xf64>
// CHECK-NEXT:    memref.alloc() : memref<8xf64>
// CHECK-NOT:     memref.view
func.func @others(%n: index) -> memref<4xf64> {
  %a = memref.alloc() : memref<4xf64>
  %b = memref.alloc(%n) : memref<?xf64>
  %c = memref.alloc() : memref<8xf64>
  memref.dealloc %b : memref<?xf64>
  memref.dealloc %c : memref<8xf64>
  return %a : memref<4xf64>
}
