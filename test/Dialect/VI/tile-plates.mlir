// RUN: vi-opt %s --vi-tile-plates --canonicalize --cse --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s

// A sum and a stack: the loop carries both, and slices are read where they lie.

// CHECK-LABEL: func @sum_and_stack
// CHECK-SAME:    %[[Y:.*]]: tensor<?xf64>, %[[N:.*]]: index
func.func @sum_and_stack(%y: tensor<?xf64>, %n: index) -> (f64, tensor<?xf64>) {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f64
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK:     %[[EMPTY:.*]] = tensor.empty(%[[N]]) : tensor<?xf64>
  // CHECK-NOT: linalg.fill
  // CHECK:     scf.for %[[I:.*]] = %[[C0]] to %[[N]] step %[[C1]]
  // CHECK-SAME:  iter_args(%[[S:.*]] = %[[ZERO]], %[[STACK:.*]] = %[[EMPTY]])
  // CHECK:       %[[YI:.*]] = tensor.extract %[[Y]][%[[I]]]
  // CHECK:       %[[SQUARE:.*]] = arith.mulf %[[YI]], %[[YI]]
  // CHECK:       %[[NEXT:.*]] = arith.addf %[[S]], %[[SQUARE]]
  // CHECK:       %[[INSERTED:.*]] = tensor.insert %[[SQUARE]] into %[[STACK]][%[[I]]]
  // CHECK:       scf.yield %[[NEXT]], %[[INSERTED]]
  %zero = arith.constant 0.0 : f64
  %total, %squares = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>)
      sums(%s = %zero : f64) -> tensor<?xf64> {
    %square = arith.mulf %y_i, %y_i : f64
    %next = arith.addf %s, %square : f64
    vi.yield sums(%next : f64) %square : f64
  }
  return %total, %squares : f64, tensor<?xf64>
}

// -----

// Rows are read without their dimension and stacked; a range runs some members
// and leaves zeros for the others.

// CHECK-LABEL: func @rows_of_a_range
// CHECK-SAME:    %[[X:.*]]: tensor<?x3xf64>, %[[N:.*]]: index, %[[LO:.*]]: index, %[[HI:.*]]: index
func.func @rows_of_a_range(%x: tensor<?x3xf64>, %n: index, %lo: index,
                           %hi: index) -> tensor<?x3xf64> {
  // CHECK: %[[EMPTY:.*]] = tensor.empty(%[[N]]) : tensor<?x3xf64>
  // CHECK: %[[ZEROS:.*]] = linalg.fill {{.*}} outs(%[[EMPTY]]
  // CHECK: scf.for %[[I:.*]] = %[[LO]] to %[[HI]] {{.*}} iter_args(%[[STACK:.*]] = %[[ZEROS]])
  // CHECK:   %[[ROW:.*]] = tensor.extract_slice %[[X]][%[[I]], 0] [1, 3] [1, 1] : tensor<?x3xf64> to tensor<3xf64>
  // CHECK:   %[[SUM:.*]] = arith.addf %[[ROW]], %[[ROW]]
  // CHECK:   tensor.insert_slice %[[SUM]] into %[[STACK]][%[[I]], 0] [1, 3] [1, 1] : tensor<3xf64> into tensor<?x3xf64>
  %rows = vi.plate "obs" %i in %n from %lo to %hi (%row = %x : tensor<?x3xf64>)
      -> tensor<?x3xf64> {
    %double = arith.addf %row, %row : tensor<3xf64>
    vi.yield %double : tensor<3xf64>
  }
  return %rows : tensor<?x3xf64>
}

// -----

// Nested plates; the size of what the outer one stacks is known outside.

// CHECK-LABEL: func @nested
// CHECK-SAME:    %[[X:.*]]: tensor<?x?xf64>, %[[N:.*]]: index, %[[M:.*]]: index
func.func @nested(%x: tensor<?x?xf64>, %n: index, %m: index) -> tensor<?x?xf64> {
  // CHECK:     %[[EMPTY:.*]] = tensor.empty(%[[N]], %[[M]]) : tensor<?x?xf64>
  // CHECK:     scf.for %[[I:.*]] = {{.*}} to %[[N]]
  // CHECK:       %[[INNER:.*]] = tensor.empty(%[[M]]) : tensor<?xf64>
  // CHECK:       scf.for %[[J:.*]] = {{.*}} to %[[M]]
  // CHECK:       tensor.insert_slice {{.*}}[%[[I]], 0] [1, %[[M]]] [1, 1]
  %all = vi.plate "row" %i in %n (%x_i = %x : tensor<?x?xf64>)
      -> tensor<?x?xf64> {
    %values = vi.plate "column" %j in %m (%x_ij = %x_i : tensor<?xf64>)
        -> tensor<?xf64> {
      %e = math.exp %x_ij : f64
      vi.yield %e : f64
    }
    vi.yield %values : tensor<?xf64>
  }
  return %all : tensor<?x?xf64>
}

// -----

// CHECK-LABEL: func @nothing_to_do
// CHECK-NEXT:    return
func.func @nothing_to_do(%x: f64) -> f64 {
  return %x : f64
}

// -----

func.func @ragged(%n: index) -> tensor<?x?xf64> {
  %zero = arith.constant 0.0 : f64
  // expected-error @+1 {{cannot stack values of 'tensor<?xf64>': dimension 0 depends on the member}}
  %all = vi.plate "row" %i in %n -> tensor<?x?xf64> {
    // expected-note @+1 {{the value is defined here}}
    %values = tensor.splat %zero[%i] : tensor<?xf64>
    vi.yield %values : tensor<?xf64>
  }
  return %all : tensor<?x?xf64>
}
