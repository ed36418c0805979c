// RUN: vi-opt %s --vi-interchange-plates --split-input-file | FileCheck %s

// What a plate of data captures of a draw is stacked; the draws run inside, each
// with its part of the sums; what follows takes each draw's sums.

// CHECK-LABEL: func @gradient
// CHECK-SAME:    (%[[Y:.*]]: tensor<?xf64>, %[[E:[^:]*]]: tensor<?xf64>,
// CHECK:         %[[DRAWS:.*]] = vi.plate "draws" %[[K:.*]] in %{{.*}} (%[[E_K:.*]] = %[[E]] : tensor<?xf64>) -> tensor<?xf64> {
// CHECK-NEXT:      %[[B:.*]] = arith.mulf %{{.*}}, %[[E_K]]
// CHECK-NEXT:      vi.yield %[[B]] : f64
// CHECK:         %[[ZEROS:.*]] = linalg.fill
// CHECK:         %[[VECTORS:.*]] = linalg.broadcast
// CHECK:         %[[SUMS:.*]]:2 = vi.plate "obs" %{{.*}} in %{{.*}} from %{{.*}} to %{{.*}} (%[[Y_I:.*]] = %[[Y]] : tensor<?xf64>) sums(%[[S:.*]] = %[[ZEROS]] : tensor<?xf64>, %[[V:.*]] = %[[VECTORS]] : tensor<?x3xf64>) {
// CHECK-NEXT:      %[[NESTED:.*]]:2 = vi.plate "draws" %[[I:.*]] in %{{.*}} (%[[B_K:.*]] = %[[DRAWS]] : tensor<?xf64>) sums(%[[S_I:.*]] = %[[S]] : tensor<?xf64>, %[[V_I:.*]] = %[[V]] : tensor<?x3xf64>) {
// CHECK-DAG:         %[[BEFORE:.*]] = tensor.extract %[[S_I]][%[[I]]]
// CHECK-DAG:         %[[ROW:.*]] = tensor.extract_slice %[[V_I]][%[[I]], 0] [1, 3] [1, 1] : tensor<?x3xf64> to tensor<3xf64>
// CHECK:             %[[PRODUCT:.*]] = arith.mulf %[[Y_I]], %[[B_K]]
// CHECK:             %[[NEXT:.*]] = arith.addf %[[BEFORE]], %[[PRODUCT]]
// CHECK:             %[[ROW_NEXT:.*]] = tensor.insert %{{.*}} into %[[ROW]]
// CHECK-DAG:         tensor.insert %[[NEXT]] into %[[S_I]][%[[I]]]
// CHECK-DAG:         tensor.insert_slice %[[ROW_NEXT]] into %[[V_I]][%[[I]], 0]
// CHECK:           vi.yield sums(%[[NESTED]]#0, %[[NESTED]]#1
// CHECK:         vi.plate "draws" {{.*}} = %[[SUMS]]#0 : tensor<?xf64>
func.func @gradient(%y: tensor<?xf64>, %e: tensor<?xf64>, %scale: f64, %n: index, %samples: index, %begin: index, %end: index) -> (f64, f64) {
  %zero = arith.constant 0.0 : f64
  %c1 = arith.constant 1 : index
  %zeros = arith.constant dense<0.0> : tensor<3xf64>
  %r:2 = vi.plate "draws" %k in %samples (%e_k = %e : tensor<?xf64>) sums(%t = %zero : f64, %u = %zero : f64) {
    %b = arith.mulf %scale, %e_k : f64
    %s:2 = vi.plate "obs" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>) sums(%s = %zero : f64, %v = %zeros : tensor<3xf64>) {
      %product = arith.mulf %y_i, %b : f64
      %next = arith.addf %s, %product : f64
      %old = tensor.extract %v[%c1] : tensor<3xf64>
      %new = arith.addf %old, %y_i : f64
      %v_next = tensor.insert %new into %v[%c1] : tensor<3xf64>
      vi.yield sums(%next, %v_next : f64, tensor<3xf64>)
    }
    %w = tensor.extract %s#1[%c1] : tensor<3xf64>
    %t_next = arith.addf %t, %s#0 : f64
    %u_next = arith.addf %u, %w : f64
    vi.yield sums(%t_next, %u_next : f64, f64)
  }
  return %r#0, %r#1 : f64, f64
}

// -----

// The data of this plate depend on the draw: it stays where it is. So does one
// with a stack, which would be as long as the data times the draws.

// CHECK-LABEL: func @stays
// CHECK:         vi.plate "draws"
// CHECK:           vi.plate "obs"
// CHECK:           vi.plate "stacked"
func.func @stays(%y: tensor<?xf64>, %e: tensor<?xf64>, %n: index, %samples: index, %begin: index, %end: index) -> f64 {
  %zero = arith.constant 0.0 : f64
  %r = vi.plate "draws" %k in %samples (%e_k = %e : tensor<?xf64>) sums(%t = %zero : f64) {
    %splat = tensor.splat %e_k[%n] : tensor<?xf64>
    %s = vi.plate "obs" %i in %n from %begin to %end (%y_i = %splat : tensor<?xf64>) sums(%s_i = %zero : f64) {
      %next = arith.addf %s_i, %y_i : f64
      vi.yield sums(%next : f64)
    }
    %l:2 = vi.plate "stacked" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>) sums(%s_i = %zero : f64) -> tensor<?xf64> {
      %product = arith.mulf %y_i, %e_k : f64
      %next = arith.addf %s_i, %product : f64
      vi.yield sums(%next : f64) %product : f64
    }
    %c0 = arith.constant 0 : index
    %first = tensor.extract %l#1[%c0] : tensor<?xf64>
    %a = arith.addf %s, %first : f64
    %t_next = arith.addf %t, %a : f64
    vi.yield sums(%t_next : f64)
  }
  return %r : f64
}

// -----

// A sum that the draws carry on is one sum over members and draws; a row of noise
// is read where it is used; the draws that are left have the other sum alone.

// CHECK-LABEL: func @continued
// CHECK-SAME:    (%[[Y:.*]]: tensor<?xf64>, %[[E:[^:]*]]: tensor<?x?xf64>
// CHECK:         %[[SUMS:.*]]:2 = vi.plate "obs" %[[I:.*]] in %{{.*}} from %{{.*}} to %{{.*}} (%[[Y_I:.*]] = %[[Y]] : tensor<?xf64>) sums(%[[S:.*]] = %{{.*}} : tensor<?xf64>, %[[V:.*]] = %{{.*}} : f64) {
// CHECK-NEXT:      %[[NESTED:.*]]:2 = vi.plate "draws" %[[K:.*]] in %{{.*}} sums(%[[S_I:.*]] = %[[S]] : tensor<?xf64>, %[[V_I:.*]] = %[[V]] : f64) {
// CHECK-NEXT:        %[[ROW:.*]] = tensor.extract_slice %[[E]][%[[K]], 0]
// CHECK:             %[[NOISE:.*]] = tensor.extract %[[ROW]][%[[I]]]
// CHECK:             %[[NEXT:.*]] = arith.addf %[[V_I]], %[[NOISE]]
// CHECK:             vi.yield sums(%{{.*}}, %[[NEXT]] : tensor<?xf64>, f64)
// CHECK:         %[[TOTAL:.*]] = vi.plate "draws" {{.*}} = %[[SUMS]]#0 : tensor<?xf64>) sums(%{{.*}} = %{{.*}} : f64) {
// CHECK:         return %[[TOTAL]], %[[SUMS]]#1
func.func @continued(%y: tensor<?xf64>, %e: tensor<?x?xf64>, %n: index, %samples: index, %begin: index, %end: index) -> (f64, f64) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %r:2 = vi.plate "draws" %k in %samples sums(%t = %zero : f64, %u = %one : f64) {
    %row = tensor.extract_slice %e[%k, 0] [1, %n] [1, 1] : tensor<?x?xf64> to tensor<?xf64>
    %s:2 = vi.plate "obs" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>) sums(%s = %zero : f64, %v = %u : f64) {
      %noise = tensor.extract %row[%i] : tensor<?xf64>
      %product = arith.mulf %y_i, %noise : f64
      %next = arith.addf %s, %product : f64
      %v_next = arith.addf %v, %noise : f64
      vi.yield sums(%next, %v_next : f64, f64)
    }
    %square = arith.mulf %s#0, %s#0 : f64
    %t_next = arith.addf %t, %square : f64
    vi.yield sums(%t_next, %s#1 : f64, f64)
  }
  return %r#0, %r#1 : f64, f64
}
