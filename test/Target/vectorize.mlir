// RUN: vi-opt %s --vi-vectorize="vector-bits=128 vector-registers=16" --canonicalize --cse --split-input-file | FileCheck %s

// Sums along rows: the vectors of four rows are merged into one of four sums.

// CHECK-LABEL: func @row_dots
// CHECK-SAME:    (%[[X:[^:]*]]: memref<4x8xf32, strided<[?, 1], offset: ?>>, %[[B:[^:]*]]: memref<8xf32>, %[[Y:[^:]*]]: memref<4xf32>)
// CHECK:         %[[S:.*]]:4 = scf.for %[[D:.*]] = %c0 to %c8 step %c4 iter_args
// CHECK-DAG:       vector.load %[[B]][%[[D]]]
// CHECK-DAG:       vector.load %[[X]][%c0, %[[D]]]
// CHECK-DAG:       vector.load %[[X]][%c3, %[[D]]]
// CHECK:         vector.shuffle %[[S]]#0, %[[S]]#1 [0, 1, 4, 5]
// CHECK:         vector.shuffle %[[S]]#0, %[[S]]#1 [2, 3, 6, 7]
// CHECK:         vector.shuffle %[[S]]#2, %[[S]]#3 [0, 1, 4, 5]
// CHECK:         vector.shuffle %[[S]]#2, %[[S]]#3 [2, 3, 6, 7]
// CHECK:         vector.shuffle {{.*}} [0, 2, 4, 6]
// CHECK:         vector.shuffle {{.*}} [1, 3, 5, 7]
// CHECK:         %[[SUMS:.*]] = arith.addf
// CHECK:         %[[BEFORE:.*]] = vector.load %[[Y]][%c0]
// CHECK:         %[[AFTER:.*]] = arith.addf %[[BEFORE]], %[[SUMS]]
// CHECK:         vector.store %[[AFTER]], %[[Y]][%c0]
func.func @row_dots(%x: memref<4x8xf32, strided<[?, 1], offset: ?>>, %b: memref<8xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, d) -> (n, d)>, affine_map<(n, d) -> (d)>, affine_map<(n, d) -> (n)>], iterator_types = ["parallel", "reduction"]}
      ins(%x, %b : memref<4x8xf32, strided<[?, 1], offset: ?>>, memref<8xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%u: f32, %v: f32, %out: f32):
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Lanes past the end of a row are masked, and a factor of a whole row is
// computed once for it.

// CHECK-LABEL: func @tail
// CHECK:         scf.for %[[I:.*]] =
// CHECK:           %[[F:.*]] = memref.load
// CHECK:           %[[SQUARE:.*]] = arith.mulf %[[F]], %[[F]] : f64
// CHECK:           scf.for %[[J:.*]] = %c0 to %[[MAIN:.*]] step %c2
// CHECK:             vector.load
// CHECK:             vector.broadcast %[[SQUARE]]
// CHECK:             vector.store
// CHECK:           scf.for %[[J:.*]] = %[[MAIN]] to %[[N:.*]] step %c2
// CHECK:             %[[REST:.*]] = arith.subi %[[N]], %[[J]]
// CHECK:             %[[MASK:.*]] = vector.create_mask %[[REST]] : vector<2xi1>
// CHECK:             vector.maskedload %{{.*}}[%[[I]], %[[J]]], %[[MASK]]
// CHECK:             vector.maskedstore %{{.*}}[%[[I]], %[[J]]], %[[MASK]]
func.func @tail(%x: memref<?x?xf64>, %f: memref<?xf64>, %y: memref<?x?xf64>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %f : memref<?x?xf64>, memref<?xf64>) outs(%y : memref<?x?xf64>) {
  ^bb0(%u: f64, %v: f64, %out: f64):
    %s = arith.mulf %v, %v : f64
    %p = arith.mulf %u, %s : f64
    linalg.yield %p : f64
  }
  return
}

// -----

// A condition of the whole row selects between vectors.

// CHECK-LABEL: func @guarded
// CHECK:         scf.for
// CHECK:           %[[C:.*]] = arith.cmpf une, %{{.*}}, %{{.*}} : f32
// CHECK:           arith.select %[[C]], %{{.*}}, %{{.*}} : vector<4xf32>
func.func @guarded(%g: memref<7xf32>, %x: memref<7x4xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, d) -> (n)>, affine_map<(n, d) -> (n, d)>, affine_map<(n, d) -> (d)>], iterator_types = ["reduction", "parallel"]}
      ins(%g, %x : memref<7xf32>, memref<7x4xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%u: f32, %v: f32, %out: f32):
    %zero = arith.constant 0.0 : f32
    %c = arith.cmpf une, %u, %zero : f32
    %p = arith.mulf %u, %v : f32
    %t = arith.select %c, %p, %zero : f32
    %s = arith.addf %out, %t : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// What is accumulated in f64 has the lanes of f64.

// CHECK-LABEL: func @wide
// CHECK:         vector.load %{{.*}} : memref<2x8xf32>, vector<2xf32>
// CHECK:         arith.extf %{{.*}} : vector<2xf32> to vector<2xf64>
func.func @wide(%x: memref<2x8xf32>, %y: memref<2xf64>) {
  linalg.generic {indexing_maps = [affine_map<(n, d) -> (n, d)>, affine_map<(n, d) -> (n)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<2x8xf32>) outs(%y : memref<2xf64>) {
  ^bb0(%u: f32, %out: f64):
    %e = arith.extf %u : f32 to f64
    %s = arith.addf %out, %e : f64
    linalg.yield %s : f64
  }
  return
}

// -----

// CHECK-LABEL: func @fill
// CHECK:         vector.store {{.*}} : memref<8xf32>, vector<4xf32>
func.func @fill(%x: memref<8xf32>, %value: f32) {
  linalg.fill ins(%value : f32) outs(%x : memref<8xf32>)
  return
}

// -----

// Left alone: an order that matters, a function, booleans in memory, steps of
// more than one element.

// CHECK-LABEL: func @left
// CHECK-COUNT-4: linalg.generic
// CHECK-NOT:     vector<
func.func @left(%x: memref<8xf64>, %b: memref<8xi1>, %strided: memref<8xf64, strided<[2]>>, %y: memref<f64>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<8xf64>) outs(%y : memref<f64>) {
  ^bb0(%u: f64, %out: f64):
    %s = arith.subf %u, %out : f64
    linalg.yield %s : f64
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      outs(%x : memref<8xf64>) {
  ^bb0(%u: f64):
    %s = math.erf %u : f64
    linalg.yield %s : f64
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf64>) outs(%b : memref<8xi1>) {
  ^bb0(%u: f64, %out: i1):
    %s = arith.cmpf ogt, %u, %u : f64
    linalg.yield %s : i1
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%strided : memref<8xf64, strided<[2]>>) outs(%x : memref<8xf64>) {
  ^bb0(%u: f64, %out: f64):
    %s = arith.addf %u, %u : f64
    linalg.yield %s : f64
  }
  return
}
