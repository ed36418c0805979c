// RUN: vi-opt %s --vi-export-c-interface --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s

// A tensor is an address and its sizes, a scalar result is returned, other
// results go to out pointers, in place from the start.

// CHECK-LABEL: func.func @scale
// CHECK-SAME:    %[[X:.*]]: !llvm.ptr {llvm.noalias, llvm.nofree, llvm.readonly},
// CHECK-SAME:    %[[N:.*]]: i64, %[[A:.*]]: f64,
// CHECK-SAME:    %[[OUT:.*]]: !llvm.ptr {llvm.noalias, llvm.nofree}) -> f64
// CHECK-NOT:     vi.export
func.func @scale(%x: tensor<?xf64>, %a: f64) -> (f64, tensor<?xf64>)
    attributes {vi.export} {
  // CHECK:     %[[BUFFER:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?xf64>
  // CHECK:     %[[XT:.*]] = bufferization.to_tensor %[[BUFFER]] restrict : memref<?xf64>
  // CHECK:     %[[DESTINATION:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?xf64>
  // CHECK:     %[[OUTPUT:.*]] = bufferization.to_tensor %[[DESTINATION]] restrict writable
  // CHECK:     %[[Y:.*]] = linalg.map
  // CHECK:     %[[WRITTEN:.*]] = bufferization.materialize_in_destination %[[Y]] in %[[OUTPUT]]
  // CHECK:     bufferization.materialize_in_destination %[[WRITTEN]] in restrict writable %[[DESTINATION]]
  // CHECK:     return %[[A]] : f64
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf64>
  %empty = tensor.empty(%n) : tensor<?xf64>
  %y = linalg.map ins(%x : tensor<?xf64>) outs(%empty : tensor<?xf64>)
    (%in: f64, %out: f64) {
      %p = arith.mulf %in, %a : f64
      linalg.yield %p : f64
    }
  return %a, %y : f64, tensor<?xf64>
}

// CHECK-LABEL: func.func private @not_exported
func.func @not_exported(%x: f64) -> f64 {
  return %x : f64
}

// -----

// Scalars of every type; bool is zero-extended, and a byte in memory.

// CHECK-LABEL: func.func @scalars
// CHECK-SAME:    %[[B:[a-z0-9]+]]: i1 {llvm.zeroext}, %[[I:[a-z0-9]+]]: i64, %{{[a-z0-9]+}}: i32,
// CHECK-SAME:    %[[BP:[a-z0-9]+]]: !llvm.ptr {{{.*}}}, %[[IP:[a-z0-9]+]]: !llvm.ptr {{{.*}}}) -> (i1 {llvm.zeroext})
// CHECK-DAG:     %[[BYTE:.*]] = arith.extui %[[B]] : i1 to i8
// CHECK-DAG:     llvm.store %[[BYTE]], %[[BP]] : i8
// CHECK-DAG:     llvm.store %{{.*}}, %[[IP]] : i64
func.func @scalars(%b: i1, %i: index, %j: i32) -> (i1, i1, index)
    attributes {vi.export} {
  return %b, %b, %i : i1, i1, index
}

// -----

// expected-error @+1 {{'func.func' op with 'vi.export' has an argument 'x' that C cannot pass: the type tensor<?xf16>}}
func.func @half(%x: tensor<?xf16> {vi.name = "x"}) attributes {vi.export} {
  return
}

// -----

// expected-error @+1 {{'func.func' op with 'vi.export' has a name that is no identifier of C: 'a.b'}}
func.func @a.b(%x: f64) attributes {vi.export} {
  return
}
