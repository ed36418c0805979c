// RUN: vi-opt %s --allow-unregistered-dialect --vi-allow-contraction | FileCheck %s --check-prefix=CONTRACT
// RUN: vi-opt %s --allow-unregistered-dialect --vi-reuse-accumulators | FileCheck %s --check-prefix=REUSE
// RUN: vi-opt %s --allow-unregistered-dialect --vi-place-buffers | FileCheck %s --check-prefix=PLACE
// RUN: vi-opt %s --allow-unregistered-dialect --vi-lower-copies | FileCheck %s --check-prefix=COPY

// CONTRACT-LABEL: func @contract
// CONTRACT:         arith.mulf %{{.*}}, %{{.*}} fastmath<contract>
// CONTRACT:         arith.addf %{{.*}}, %{{.*}} fastmath<contract>
// CONTRACT:         arith.divf %{{.*}}, %{{.*}} : f64
func.func @contract(%a: f64, %b: f64) -> f64 {
  %p = arith.mulf %a, %b : f64
  %s = arith.addf %p, %b : f64
  %q = arith.divf %s, %b : f64
  return %q : f64
}

#id = affine_map<(d0) -> (d0)>

// REUSE-LABEL: func @reuse
// REUSE:         scf.for {{.*}} iter_args(%[[SUM:.*]] = %{{.*}})
// REUSE:           linalg.generic {{.*}} outs(%[[SUM]] : tensor<?xf64>)
func.func @reuse(%n: index, %x: tensor<?xf64>, %init: tensor<?xf64>)
    -> tensor<?xf64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d = tensor.dim %x, %c0 : tensor<?xf64>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %init)
      -> tensor<?xf64> {
    %e = tensor.empty(%d) : tensor<?xf64>
    %next = linalg.generic {indexing_maps = [#id, #id, #id],
                            iterator_types = ["parallel"]}
        ins(%sum, %x : tensor<?xf64>, tensor<?xf64>)
        outs(%e : tensor<?xf64>) {
    ^bb0(%s: f64, %v: f64, %o: f64):
      %a = arith.addf %s, %v : f64
      linalg.yield %a : f64
    } -> tensor<?xf64>
    scf.yield %next : tensor<?xf64>
  }
  return %r : tensor<?xf64>
}

// A small buffer of a loop goes to the start of the function, on the stack; one
// that a loop carries to the next iteration stays.

// PLACE-LABEL: func @place
// PLACE-NEXT:    %[[SMALL:.*]] = memref.alloca() : memref<4xf64>
// PLACE:         scf.for
// PLACE-NOT:     memref.alloca
// PLACE:         memref.store %{{.*}}, %[[SMALL]]
// PLACE-LABEL: func @carried
// PLACE-NOT:     memref.alloca
// PLACE:         scf.for
// PLACE:         memref.alloc() : memref<4xf64>
func.func @place(%n: index, %x: f64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %b = memref.alloc() : memref<4xf64>
    memref.store %x, %b[%c0] : memref<4xf64>
    %v = memref.load %b[%c0] : memref<4xf64>
    "test.use"(%v) : (f64) -> ()
  }
  return
}

func.func @carried(%n: index, %x: f64, %init: memref<4xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%old = %init)
      -> memref<4xf64> {
    %b = memref.alloc() : memref<4xf64>
    %v = memref.load %old[%c1] : memref<4xf64>
    memref.store %v, %b[%c0] : memref<4xf64>
    scf.yield %b : memref<4xf64>
  }
  return
}

// COPY-LABEL: func @copies
// COPY:         memref.copy %{{.*}} : memref<?xf64> to memref<?xf64>
// COPY-NOT:     memref.copy
// COPY:         linalg.generic
func.func @copies(%a: memref<?xf64>, %b: memref<?xf64>,
                  %c: memref<?xf64, strided<[?], offset: ?>>) {
  memref.copy %a, %b : memref<?xf64> to memref<?xf64>
  memref.copy %a, %c : memref<?xf64> to memref<?xf64, strided<[?], offset: ?>>
  return
}
