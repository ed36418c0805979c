// RUN: vi-opt %s --vi-flatten-plates --split-input-file | FileCheck %s

#row = affine_map<(d) -> (d)>
#scalar = affine_map<(d) -> ()>

// A plate over the rows of a matrix: scalars become vectors, the row's product
// one with the matrix, the scalar sum a reduction, and what goes to the member's
// own row of a running sum goes to all rows.
// CHECK: #[[MATRIX:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK: #[[ROW:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func @layer
// CHECK-SAME:    %[[W:[a-z0-9]+]]: tensor<40x50xf64>, %[[B:[a-z0-9]+]]: tensor<40xf64>
// CHECK:         vi.plate "obs" {{.*}} (%[[X:.*]] = %{{.*}} : tensor<?x50xf64>) sums(%{{.*}} : f64, %[[G:.*]] = %{{.*}} : tensor<40x50xf64>)
// CHECK-NOT:       vi.plate
// CHECK:           %[[DOT:.*]] = linalg.generic {indexing_maps = [#[[MATRIX]], #[[ROW]], #[[COLUMN]]], iterator_types = ["parallel", "reduction"]} ins(%[[W]], %[[X]] : tensor<40x50xf64>, tensor<50xf64>) outs(%[[B]] : tensor<40xf64>)
// CHECK:           %[[TANH:.*]] = linalg.generic {{.*}} ins(%[[DOT]] : tensor<40xf64>)
// CHECK:             math.tanh
// CHECK:           %[[TOTAL:.*]] = linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%[[TANH]] : tensor<40xf64>) outs(%{{.*}} : tensor<f64>)
// CHECK:           %[[NEXT:.*]] = tensor.extract %[[TOTAL]][]
// CHECK:           %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[ROW]], #[[COLUMN]], #[[MATRIX]]], iterator_types = ["parallel", "parallel"]} ins(%[[X]], %[[TANH]] : tensor<50xf64>, tensor<40xf64>) outs(%[[G]] : tensor<40x50xf64>)
// CHECK:           vi.yield sums(%[[NEXT]], %[[SUM]] : f64, tensor<40x50xf64>)
func.func @layer(%w: tensor<40x50xf64>, %b: tensor<40xf64>,
                 %x: tensor<?x50xf64>, %n: index, %lo: index, %hi: index,
                 %g0: tensor<40x50xf64>) -> (f64, tensor<40x50xf64>) {
  %c40 = arith.constant 40 : index
  %zero = arith.constant 0.0 : f64
  %s, %g = vi.plate "obs" %i in %n from %lo to %hi (%x_i = %x : tensor<?x50xf64>)
      sums(%s_i = %zero : f64, %g_i = %g0 : tensor<40x50xf64>) {
    %t, %h = vi.plate "unit" %j in %c40 (%w_j = %w : tensor<40x50xf64>,
                                         %b_j = %b : tensor<40xf64>)
        sums(%t_j = %s_i : f64, %h_j = %g_i : tensor<40x50xf64>) {
      %start = tensor.from_elements %b_j : tensor<f64>
      %product = linalg.generic {indexing_maps = [#row, #row, #scalar],
                                 iterator_types = ["reduction"]}
          ins(%w_j, %x_i : tensor<50xf64>, tensor<50xf64>)
          outs(%start : tensor<f64>) {
      ^bb0(%p: f64, %q: f64, %out: f64):
        %pq = arith.mulf %p, %q : f64
        %next = arith.addf %out, %pq : f64
        linalg.yield %next : f64
      } -> tensor<f64>
      %activation = tensor.extract %product[] : tensor<f64>
      %unit = math.tanh %activation : f64
      %t_next = arith.addf %t_j, %unit : f64
      %part = tensor.extract_slice %h_j[%j, 0] [1, 50] [1, 1]
          : tensor<40x50xf64> to tensor<50xf64>
      %added = linalg.generic {indexing_maps = [#row, #scalar, #row],
                               iterator_types = ["parallel"]}
          ins(%x_i, %unit : tensor<50xf64>, f64) outs(%part : tensor<50xf64>) {
      ^bb0(%p: f64, %u: f64, %out: f64):
        %pu = arith.mulf %p, %u : f64
        %next = arith.addf %out, %pu : f64
        linalg.yield %next : f64
      } -> tensor<50xf64>
      %h_next = tensor.insert_slice %added into %h_j[%j, 0] [1, 50] [1, 1]
          : tensor<50xf64> into tensor<40x50xf64>
      vi.yield sums(%t_next, %h_next : f64, tensor<40x50xf64>)
    }
    vi.yield sums(%t, %h : f64, tensor<40x50xf64>)
  }
  return %s, %g : f64, tensor<40x50xf64>
}

// -----

#row = affine_map<(d) -> (d)>
#scalar = affine_map<(d) -> ()>

// Small matrices stay in the first-level cache, and a program with a branch has
// no form for all members.
// CHECK-LABEL: func @small
// CHECK:         vi.plate "unit"
func.func @small(%w: tensor<4x5xf64>, %x: tensor<?x5xf64>, %n: index,
                 %lo: index, %hi: index) -> f64 {
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f64
  %s = vi.plate "obs" %i in %n from %lo to %hi (%x_i = %x : tensor<?x5xf64>)
      sums(%s_i = %zero : f64) {
    %t = vi.plate "unit" %j in %c4 (%w_j = %w : tensor<4x5xf64>)
        sums(%t_j = %s_i : f64) {
      %start = tensor.from_elements %zero : tensor<f64>
      %product = linalg.generic {indexing_maps = [#row, #row, #scalar],
                                 iterator_types = ["reduction"]}
          ins(%w_j, %x_i : tensor<5xf64>, tensor<5xf64>)
          outs(%start : tensor<f64>) {
      ^bb0(%p: f64, %q: f64, %out: f64):
        %pq = arith.mulf %p, %q : f64
        %next = arith.addf %out, %pq : f64
        linalg.yield %next : f64
      } -> tensor<f64>
      %value = tensor.extract %product[] : tensor<f64>
      %next = arith.addf %t_j, %value : f64
      vi.yield sums(%next : f64)
    }
    vi.yield sums(%t : f64)
  }
  return %s : f64
}

// CHECK-LABEL: func @branch
// CHECK:         vi.plate "unit"
// CHECK:           scf.if
func.func @branch(%w: tensor<40x50xf64>, %x: tensor<?x50xf64>, %n: index,
                  %lo: index, %hi: index) -> f64 {
  %c40 = arith.constant 40 : index
  %zero = arith.constant 0.0 : f64
  %s = vi.plate "obs" %i in %n from %lo to %hi (%x_i = %x : tensor<?x50xf64>)
      sums(%s_i = %zero : f64) {
    %t = vi.plate "unit" %j in %c40 (%w_j = %w : tensor<40x50xf64>)
        sums(%t_j = %s_i : f64) {
      %start = tensor.from_elements %zero : tensor<f64>
      %product = linalg.generic {indexing_maps = [#row, #row, #scalar],
                                 iterator_types = ["reduction"]}
          ins(%w_j, %x_i : tensor<50xf64>, tensor<50xf64>)
          outs(%start : tensor<f64>) {
      ^bb0(%p: f64, %q: f64, %out: f64):
        %pq = arith.mulf %p, %q : f64
        %next = arith.addf %out, %pq : f64
        linalg.yield %next : f64
      } -> tensor<f64>
      %value = tensor.extract %product[] : tensor<f64>
      %positive = arith.cmpf ogt, %value, %zero : f64
      %root = scf.if %positive -> f64 {
        %r = math.sqrt %value : f64
        scf.yield %r : f64
      } else {
        scf.yield %zero : f64
      }
      %next = arith.addf %t_j, %root : f64
      vi.yield sums(%next : f64)
    }
    vi.yield sums(%t : f64)
  }
  return %s : f64
}
