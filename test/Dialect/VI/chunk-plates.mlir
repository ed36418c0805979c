// RUN: vi-opt %s --vi-chunk-plates --canonicalize --cse --split-input-file | FileCheck %s

// The plate moves to a function; what it shares becomes arguments, but for
// constants and sizes. 2 operations for each member: 2^17 / 2 members at least.

// CHECK-LABEL: func @sums
// CHECK-SAME:    %[[Y:[^:]*]]: tensor<?xf64>, %[[A:[^:]*]]: f64, %[[BEGIN:[^:]*]]: index, %[[END:[^:]*]]: index
// CHECK-DAG:     %[[LEAST:.*]] = arith.constant 65536 : index
// CHECK-DAG:     %[[START:.*]] = arith.constant dense<0.000000e+00> : tensor<f64>
// CHECK:         %[[COUNT:.*]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK:         arith.addi %[[COUNT]], %c63
// CHECK:         %[[SHARE:.*]] = arith.divui %{{.*}}, %c64
// CHECK:         arith.maxui %[[SHARE]], %[[LEAST]]
// CHECK:         arith.divui
// CHECK:         %[[LENGTH:.*]] = arith.muli %{{.*}}, %c64
// CHECK:         %[[SUM:.*]] = vi.chunks @sums.obs from %[[BEGIN]] to %[[END]] by %[[LENGTH]]
// CHECK-SAME:      inputs(%[[Y]], %[[A]] : tensor<?xf64>, f64) sums(%[[START]] : tensor<f64>) -> tensor<f64>
// CHECK:         %[[TOTAL:.*]] = tensor.extract %[[SUM]][]
// CHECK:         return %[[TOTAL]]
// CHECK:       func private @sums.obs(%[[FIRST:.*]]: index, %[[LAST:.*]]: index, %[[Y1:.*]]: tensor<?xf64>, %[[A1:.*]]: f64, %[[PLACE:.*]]: tensor<f64>) -> tensor<f64>
// CHECK-SAME:    attributes {vi.chunk}
// CHECK:         %[[N:.*]] = tensor.dim %[[Y1]], %c0
// CHECK:         %[[BEFORE:.*]] = tensor.extract %[[PLACE]][]
// CHECK:         %[[AFTER:.*]] = vi.plate "obs" %{{.*}} in %[[N]] from %[[FIRST]] to %[[LAST]] (%{{.*}} = %[[Y1]] : tensor<?xf64>) sums(%{{.*}} = %[[BEFORE]] : f64)
// CHECK:           arith.mulf %{{.*}}, %[[A1]]
// CHECK:         %[[RESULT:.*]] = tensor.insert %[[AFTER]] into %[[PLACE]][]
// CHECK:         return %[[RESULT]]
func.func @sums(%y: tensor<?xf64>, %a: f64, %begin: index, %end: index) -> f64 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %total = vi.plate "obs" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %scaled = arith.mulf %y_i, %a : f64
    %next = arith.addf %s, %scaled : f64
    vi.yield sums(%next : f64)
  }
  return %total : f64
}

// -----

// Two sums that begin with the same tensor, which the members read as well, and
// a stack, of which a chunk has its rows.

// CHECK-LABEL: func @shared
// CHECK:         vi.chunks @shared.obs from %{{[^ ]*}} to %{{[^ ]*}} by %{{[^ ]*}} inputs
// CHECK-SAME:      sums(%[[W:[^,]*]], %[[W]] : tensor<?xf64>, tensor<?xf64>) stacks(%{{[^ ]*}} : tensor<?xf64>)
// CHECK:       func private @shared.obs(%[[FIRST:.*]]: index, %[[LAST:.*]]: index,
// CHECK-SAME:    %[[S0:[^:]*]]: tensor<?xf64>, %[[S1:[^:]*]]: tensor<?xf64>, %{{[^:]*}}: tensor<?xf64>) -> (tensor<?xf64>, tensor<?xf64>, tensor<?xf64>)
// CHECK:         %[[ALL:.*]]:3 = vi.plate "obs" {{.*}} sums(%{{.*}} = %[[S0]] : tensor<?xf64>, %{{.*}} = %[[S1]] : tensor<?xf64>) -> tensor<?xf64>
// CHECK:         %[[ROWS:.*]] = arith.subi %[[LAST]], %[[FIRST]]
// CHECK:         %[[SLICE:.*]] = tensor.extract_slice %[[ALL]]#2[%[[FIRST]]] [%[[ROWS]]] [1]
// CHECK:         return %[[ALL]]#0, %[[ALL]]#1, %[[SLICE]]
func.func @shared(%y: tensor<?xf64>, %w: tensor<?xf64>, %g: tensor<?xindex>,
                  %begin: index, %end: index)
    -> (tensor<?xf64>, tensor<?xf64>, tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %a, %b, %stack = vi.plate "obs" %i in %n from %begin to %end
      (%y_i = %y : tensor<?xf64>, %g_i = %g : tensor<?xindex>)
      sums(%s = %w : tensor<?xf64>, %t = %w : tensor<?xf64>) -> tensor<?xf64> {
    %w_i = tensor.extract %w[%g_i] : tensor<?xf64>
    %x = arith.mulf %w_i, %y_i : f64
    %s_g = tensor.extract %s[%g_i] : tensor<?xf64>
    %s_next = arith.addf %s_g, %x : f64
    %s_after = tensor.insert %s_next into %s[%g_i] : tensor<?xf64>
    %t_g = tensor.extract %t[%g_i] : tensor<?xf64>
    %t_next = arith.subf %t_g, %x : f64
    %t_after = tensor.insert %t_next into %t[%g_i] : tensor<?xf64>
    vi.yield sums(%s_after, %t_after : tensor<?xf64>, tensor<?xf64>) %x : f64
  }
  return %a, %b, %stack : tensor<?xf64>, tensor<?xf64>, tensor<?xf64>
}

// -----

// The length of a chunk counts what runs in a member: a row of K numbers, and
// 256 operations for each element of a sum.

// CHECK-LABEL: func @work
// CHECK-SAME:    %[[X:[^:]*]]: tensor<?x?xf64>, %[[SUM:[^:]*]]: tensor<?xf64>
// CHECK-DAG:     %[[K:.*]] = tensor.dim %[[SUM]], %c0
// CHECK-DAG:     %[[LEAST:.*]] = arith.constant 131072 : index
// CHECK:         %[[ELEMENTS:.*]] = arith.muli %[[K]], %c256
// CHECK:         arith.maxui %[[ELEMENTS]], %[[LEAST]]
// CHECK:         vi.chunks @work.obs
func.func @work(%x: tensor<?x?xf64>, %sum: tensor<?xf64>, %begin: index,
                %end: index) -> tensor<?xf64> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x?xf64>
  %total = vi.plate "obs" %i in %n from %begin to %end
      (%row = %x : tensor<?x?xf64>) sums(%s = %sum : tensor<?xf64>) {
    %next = arith.addf %s, %row : tensor<?xf64>
    vi.yield sums(%next : tensor<?xf64>)
  }
  return %total : tensor<?xf64>
}

// -----

// Left as they are: a plate without a range, one in another plate, and one of so
// few members that there is one chunk.

// CHECK-LABEL: func @left
// CHECK-NOT:     vi.chunks
// CHECK-NOT:     func private
func.func @left(%y: tensor<?xf64>, %few: tensor<100xf64>, %n: index,
                %begin: index, %end: index) -> (f64, f64, f64) {
  %c100 = arith.constant 100 : index
  %zero = arith.constant 0.0 : f64
  %a = vi.plate "all" %i in %n (%y_i = %y : tensor<?xf64>) sums(%s = %zero : f64) {
    %next = arith.addf %s, %y_i : f64
    vi.yield sums(%next : f64)
  }
  %b = vi.plate "outer" %j in %n sums(%s = %zero : f64) {
    %c = vi.plate "inner" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>)
        sums(%t = %s : f64) {
      %next = arith.addf %t, %y_i : f64
      vi.yield sums(%next : f64)
    }
    vi.yield sums(%c : f64)
  }
  %d = vi.plate "few" %i in %c100 from %begin to %end (%y_i = %few : tensor<100xf64>)
      sums(%s = %zero : f64) {
    %next = arith.addf %s, %y_i : f64
    vi.yield sums(%next : f64)
  }
  return %a, %b, %d : f64, f64, f64
}
