// RUN: vi-opt %s --vi-tile-plates=vector-bits=256 --canonicalize --cse --split-input-file | FileCheck %s

// Rows of data become a batched operation, scalars vectors, sums are kept for
// each lane; the members that do not fill a tile run one by one.

// CHECK-LABEL: func @regression
// CHECK-SAME:    (%[[X:.*]]: tensor<?x?xf64>, %[[Y:[^:]*]]: tensor<?xf64>, %[[B:[^:]*]]: tensor<?xf64>, %[[G:[^:]*]]: tensor<?xf64>,
// CHECK:         %[[TILES:.*]]:2 = scf.for %[[I:.*]] = %{{.*}} to %[[STOP:.*]] step %c4 iter_args(%[[S:.*]] = %{{.*}}, %[[GRADIENT:.*]] = %[[G]]) -> (vector<4xf64>, tensor<?xf64>)
// CHECK:           %[[ROWS:.*]] = tensor.extract_slice %[[X]][%[[I]], 0] [4, %{{.*}}] [1, 1] : tensor<?x?xf64> to tensor<4x?xf64>
// CHECK:           %[[Y_I:.*]] = vector.transfer_read %[[Y]][%[[I]]], {{.*}} {in_bounds = [true]} : tensor<?xf64>, vector<4xf64>
// CHECK:           %[[DOTS:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[ROWS]], %[[B]] : tensor<4x?xf64>, tensor<?xf64>)
// CHECK:           %[[MU:.*]] = vector.transfer_read %[[DOTS]]
// CHECK:           %[[R:.*]] = arith.subf %[[Y_I]], %[[MU]] : vector<4xf64>
// CHECK:           %[[SQUARE:.*]] = arith.mulf %[[R]], %[[R]] : vector<4xf64>
// CHECK:           arith.addf %[[S]], %[[SQUARE]] : vector<4xf64>
// CHECK:           linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[ROWS]], %{{.*}} : tensor<4x?xf64>, tensor<4xf64>) outs(%[[GRADIENT]] : tensor<?xf64>)
// CHECK:         %[[TOTAL:.*]] = vector.reduction <add>, %[[TILES]]#0, %{{.*}} fastmath<reassoc> : vector<4xf64> into f64
// CHECK:         scf.for %{{.*}} = %[[STOP]] to %{{.*}} step %c1 iter_args(%{{.*}} = %[[TOTAL]], %{{.*}} = %[[TILES]]#1) -> (f64, tensor<?xf64>)
func.func @regression(%x: tensor<?x?xf64>, %y: tensor<?xf64>, %b: tensor<?xf64>, %g: tensor<?xf64>, %n: index) -> (f64, tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %r:2 = vi.plate "obs" %i in %n (%x_i = %x : tensor<?x?xf64>, %y_i = %y : tensor<?xf64>) sums(%s = %zero : f64, %d = %g : tensor<?xf64>) {
    %init = arith.constant dense<0.0> : tensor<f64>
    %dot = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]} ins(%x_i, %b : tensor<?xf64>, tensor<?xf64>) outs(%init : tensor<f64>) {
    ^bb0(%u: f64, %v: f64, %o: f64):
      %m = arith.mulf %u, %v : f64
      %k = arith.addf %m, %o : f64
      linalg.yield %k : f64
    } -> tensor<f64>
    %mu = tensor.extract %dot[] : tensor<f64>
    %res = arith.subf %y_i, %mu : f64
    %sq = arith.mulf %res, %res : f64
    %s2 = arith.addf %s, %sq : f64
    %d2 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%x_i, %res : tensor<?xf64>, f64) outs(%d : tensor<?xf64>) {
    ^bb0(%u: f64, %v: f64, %o: f64):
      %m = arith.mulf %u, %v : f64
      %k = arith.addf %m, %o : f64
      linalg.yield %k : f64
    } -> tensor<?xf64>
    vi.yield sums(%s2, %d2 : f64, tensor<?xf64>)
  }
  return %r#0, %r#1 : f64, tensor<?xf64>
}

// -----

// A gather, and sums into gathered elements: at once where all lanes go to one
// element, one after the other where not.

// CHECK-LABEL: func @groups
// CHECK-SAME:    (%[[GROUP:.*]]: tensor<?xi64>, %[[A:[^:]*]]: tensor<?xf64>
// CHECK:         scf.for
// CHECK:           %[[IDX:.*]] = arith.index_cast %{{.*}} : vector<4xi64> to vector<4xindex>
// CHECK:           %[[A_I:.*]] = vector.gather %[[A]][%c0]
// CHECK:           %[[FIRST:.*]] = vector.extract %[[IDX]][0]
// CHECK:           %[[EQUAL:.*]] = arith.cmpi eq, %[[IDX]],
// CHECK:           %[[SAME:.*]] = vector.reduction <and>, %[[EQUAL]]
// CHECK:           scf.if %[[SAME]]
// CHECK:             vector.reduction <add>, %[[A_I]]
// CHECK-COUNT-1:     tensor.insert
// CHECK:           } else {
// CHECK-COUNT-4:     tensor.insert
// CHECK:           }
func.func @groups(%group: tensor<?xi64>, %a: tensor<?xf64>, %g: tensor<?xf64>, %n: index) -> tensor<?xf64> {
  %r = vi.plate "obs" %i in %n (%group_i = %group : tensor<?xi64>) sums(%d = %g : tensor<?xf64>) {
    %j = arith.index_cast %group_i : i64 to index
    %a_i = tensor.extract %a[%j] : tensor<?xf64>
    %before = tensor.extract %d[%j] : tensor<?xf64>
    %after = arith.addf %before, %a_i : f64
    %next = tensor.insert %after into %d[%j] : tensor<?xf64>
    vi.yield sums(%next : tensor<?xf64>)
  }
  return %r : tensor<?xf64>
}

// -----

// Neighbours stay neighbours: one read, one write.

// CHECK-LABEL: func @neighbours
// CHECK:         scf.for %[[I:.*]] = {{.*}} step %c4
// CHECK:           %[[NEXT:.*]] = arith.addi %[[I]], %c1
// CHECK:           vector.transfer_read %{{.*}}[%[[NEXT]]]
// CHECK:           vector.transfer_write %{{.*}}, %{{.*}}[%[[I]]]
func.func @neighbours(%a: tensor<?xf64>, %n: index) -> tensor<?xf64> {
  %c1 = arith.constant 1 : index
  %r = vi.plate "obs" %i in %n -> tensor<?xf64> {
    %j = arith.addi %i, %c1 : index
    %a_i = tensor.extract %a[%j] : tensor<?xf64>
    %square = arith.mulf %a_i, %a_i : f64
    vi.yield %square : f64
  }
  return %r : tensor<?xf64>
}

// -----

// A branch has no form for lanes: one member at a time. So has a plate with a
// loop whose length differs between members.

// CHECK-LABEL: func @branch
// CHECK-NOT:     vector<
// CHECK:         scf.for {{.*}} step %c1
// CHECK:           scf.for
// CHECK-NOT:     vector<
func.func @branch(%n: index, %length: tensor<?xindex>) -> f64 {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = vi.plate "obs" %i in %n (%length_i = %length : tensor<?xindex>) sums(%s = %zero : f64) {
    %t = scf.for %k = %c0 to %length_i step %c1 iter_args(%u = %s) -> f64 {
      %v = arith.addf %u, %one : f64
      scf.yield %v : f64
    }
    vi.yield sums(%t : f64)
  }
  return %r : f64
}

// -----

// Results for each member and sums of one operation are separated. What a result
// starts from may be read for the sum as well.

// CHECK-LABEL: func @both
// CHECK-SAME:    (%[[Y:.*]]: tensor<?x16xf64>, %[[S:[^:]*]]: tensor<16xf64>,
// CHECK:         scf.for
// CHECK:           %[[ROWS:.*]] = tensor.extract_slice %[[Y]]
// CHECK:           %[[START:.*]] = linalg.generic
// CHECK:           %[[OWN:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[ROWS]] : tensor<4x16xf64>) outs(%[[START]] : tensor<16x4xf64>)
// CHECK:           %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[ROWS]], %[[START]] : tensor<4x16xf64>, tensor<16x4xf64>) outs(%{{.*}} : tensor<16xf64>)
// CHECK-NEXT:      ^bb0(%[[A:.*]]: f64, %[[B:.*]]: f64, %[[OUT:.*]]: f64):
// CHECK:             %[[NEXT:.*]] = arith.addf %[[B]], %[[A]]
// CHECK:             arith.addf %[[OUT]], %[[NEXT]]
func.func @both(%y: tensor<?x16xf64>, %s: tensor<16xf64>, %n: index) -> (tensor<16xf64>, tensor<?x16xf64>) {
  %r:2 = vi.plate "obs" %i in %n (%y_i = %y : tensor<?x16xf64>) sums(%sum = %s : tensor<16xf64>) -> tensor<?x16xf64> {
    %empty = tensor.empty() : tensor<16xf64>
    %square = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%y_i : tensor<16xf64>) outs(%empty : tensor<16xf64>) {
    ^bb0(%a: f64, %o: f64):
      %m = arith.mulf %a, %a : f64
      linalg.yield %m : f64
    } -> tensor<16xf64>
    %both:2 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%y_i : tensor<16xf64>) outs(%square, %sum : tensor<16xf64>, tensor<16xf64>) {
    ^bb0(%a: f64, %b: f64, %o: f64):
      %next = arith.addf %b, %a : f64
      %total = arith.addf %o, %next : f64
      linalg.yield %next, %total : f64, f64
    } -> (tensor<16xf64>, tensor<16xf64>)
    vi.yield sums(%both#1 : tensor<16xf64>) %both#0 : tensor<16xf64>
  }
  return %r#0, %r#1 : tensor<16xf64>, tensor<?x16xf64>
}
