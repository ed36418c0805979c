// A plate over empty data and a loop that does not run read nothing: an access
// that is not known to be inside stays with the members.
// RUN: vi-opt %s --vi-fuse-plates | FileCheck %s --check-prefixes=CHECK,PLATE
// RUN: vi-opt %s --vi-tile-plates --vi-hoist-loop-invariants | FileCheck %s --check-prefixes=CHECK,LOOP

// CHECK-LABEL: func.func @first_member
// CHECK-DAG:     tensor.extract %{{.*}}[%c1] : tensor<4xf64>
// CHECK-DAG:     tensor.extract_slice %{{.*}}[0] [%{{.*}}] [1] : tensor<?xf64>
// PLATE:         vi.plate "obs"
// LOOP:          scf.for
// CHECK-DAG:       tensor.extract %{{.*}}[%c0] : tensor<?xf64>
// CHECK-DAG:       tensor.extract %{{.*}}[%c4] : tensor<4xf64>
// CHECK-DAG:       tensor.extract_slice %{{.*}}[0] [2] [1] : tensor<?xf64>
// CHECK:         return
func.func @first_member(%n: index, %x: tensor<?xf64>, %w: tensor<4xf64>,
                        %zero: f64) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %size = tensor.dim %x, %c0 : tensor<?xf64>
  %sum = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %w_1 = tensor.extract %w[%c1] : tensor<4xf64>
    %x_0 = tensor.extract %x[%c0] : tensor<?xf64>
    %w_4 = tensor.extract %w[%c4] : tensor<4xf64>
    %all = tensor.extract_slice %x[0] [%size] [1] : tensor<?xf64> to tensor<?xf64>
    %two = tensor.extract_slice %x[0] [2] [1] : tensor<?xf64> to tensor<2xf64>
    %all_i = tensor.extract %all[%i] : tensor<?xf64>
    %two_i = tensor.extract %two[%i] : tensor<2xf64>
    %a = arith.addf %w_1, %x_0 : f64
    %b = arith.addf %w_4, %all_i : f64
    %c = arith.addf %x_i, %two_i : f64
    %d = arith.addf %a, %b : f64
    %e = arith.addf %c, %d : f64
    %next = arith.addf %s, %e : f64
    vi.yield sums(%next : f64)
  }
  return %sum : f64
}
