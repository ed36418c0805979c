// RUN: vi-opt %s --vi-interchange-plates=only-shared | FileCheck %s

// The terms of these members are in the plate of draws and in one behind it.

// CHECK-LABEL: func @shared
// CHECK-NOT:     vi.plate "draws" {{.*}} in %{{.*}} sums
// CHECK:         vi.plate "obs"
// CHECK:           vi.plate "draws"
// CHECK:         vi.plate "obs"
func.func @shared(%y: tensor<?xf64>, %e: tensor<?xf64>, %n: index, %samples: index, %begin: index, %end: index) -> (f64, f64) {
  %zero = arith.constant 0.0 : f64
  %r = vi.plate "draws" %k in %samples (%e_k = %e : tensor<?xf64>) sums(%t = %zero : f64) {
    %s = vi.plate "obs" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>) sums(%s_i = %zero : f64) {
      %product = arith.mulf %y_i, %e_k : f64
      %next = arith.addf %s_i, %product : f64
      vi.yield sums(%next : f64)
    }
    %t_next = arith.addf %t, %s : f64
    vi.yield sums(%t_next : f64)
  }
  %divergence = vi.plate "obs" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>) sums(%s_i = %zero : f64) {
    %square = arith.mulf %y_i, %y_i : f64
    %next = arith.addf %s_i, %square : f64
    vi.yield sums(%next : f64)
  }
  return %r, %divergence : f64, f64
}

// Here the other plate has other members.

// CHECK-LABEL: func @alone
// CHECK:         vi.plate "draws"
// CHECK:           vi.plate "obs"
// CHECK:         vi.plate "groups"
func.func @alone(%y: tensor<?xf64>, %e: tensor<?xf64>, %n: index, %samples: index, %begin: index, %end: index) -> (f64, f64) {
  %zero = arith.constant 0.0 : f64
  %r = vi.plate "draws" %k in %samples (%e_k = %e : tensor<?xf64>) sums(%t = %zero : f64) {
    %s = vi.plate "obs" %i in %n from %begin to %end (%y_i = %y : tensor<?xf64>) sums(%s_i = %zero : f64) {
      %product = arith.mulf %y_i, %e_k : f64
      %next = arith.addf %s_i, %product : f64
      vi.yield sums(%next : f64)
    }
    %t_next = arith.addf %t, %s : f64
    vi.yield sums(%t_next : f64)
  }
  %divergence = vi.plate "groups" %i in %samples (%e_i = %e : tensor<?xf64>) sums(%s_i = %zero : f64) {
    %square = arith.mulf %e_i, %e_i : f64
    %next = arith.addf %s_i, %square : f64
    vi.yield sums(%next : f64)
  }
  return %r, %divergence : f64, f64
}
