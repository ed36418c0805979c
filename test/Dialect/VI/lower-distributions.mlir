// RUN: vi-opt %s --vi-lower-distributions -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @formula
// CHECK-SAME:    %[[LOC:.*]]: f64, %[[SCALE:.*]]: f64, %[[X:.*]]: f64
func.func @formula(%loc: f64, %scale: f64, %x: f64) -> f64 {
  // CHECK-NOT: vi.
  // CHECK:     %[[D:.*]] = arith.subf %[[X]], %[[LOC]] : f64
  // CHECK:     %[[A:.*]] = math.absf %[[D]] : f64
  // CHECK:     %[[N:.*]] = arith.negf %[[A]] : f64
  // CHECK:     %[[U:.*]] = arith.divf %[[N]], %[[SCALE]] : f64
  // CHECK:     %[[L:.*]] = math.log %[[SCALE]] : f64
  // CHECK:     %[[T:.*]] = arith.subf %[[U]], %[[L]] : f64
  // CHECK:     %[[LOG2:.*]] = arith.constant 0.69314718055994529 : f64
  // CHECK:     %[[R:.*]] = arith.subf %[[T]], %[[LOG2]] : f64
  // CHECK:     return %[[R]]
  %d = vi.laplace %loc, %scale : f64, f64
  %l = vi.log_prob %d, %x : f64, f64 -> f64
  return %l : f64
}

// -----

// Constants are folded away.
// CHECK-LABEL: func.func @constants
// CHECK-SAME:    %[[X:.*]]: f64
func.func @constants(%x: f64) -> f64 {
  // CHECK:     %[[H:.*]] = arith.mulf %[[X]], %{{.*}} : f64
  // CHECK:     %[[S:.*]] = arith.mulf %[[H]], %[[X]] : f64
  // CHECK:     %[[C:.*]] = arith.constant 0.91893853320467278 : f64
  // CHECK:     %[[R:.*]] = arith.subf %[[S]], %[[C]] : f64
  // CHECK:     return %[[R]]
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %d = vi.normal %zero, %one : f64, f64
  %l = vi.log_prob %d, %x : f64, f64 -> f64
  return %l : f64
}

// -----

// Of a batch, a plate over its members.
// CHECK-LABEL: func.func @batch
// CHECK-SAME:    %[[M:.*]]: tensor<?xf64>, %[[S:.*]]: f64, %[[X:.*]]: tensor<?xf64>, %[[MASK:.*]]: tensor<?xi1>
func.func @batch(%m: tensor<?xf64>, %s: f64, %x: tensor<?xf64>,
                 %mask: tensor<?xi1>) -> f64 {
  // CHECK:      vi.plate "elements" %{{.*}} in %{{.*}} (
  // CHECK-SAME: = %[[X]] : tensor<?xf64>
  // CHECK-SAME: %[[MASKED:.*]] = %[[MASK]] : tensor<?xi1>
  // CHECK-SAME: = %[[M]] : tensor<?xf64>
  // CHECK-SAME: sums(%[[SUM:.*]] = %{{.*}} : f64)
  // What is masked is replaced before the density is taken, and dropped after.
  // CHECK:      arith.select %[[MASKED]]
  // CHECK:      %[[TERM:.*]] = arith.select %[[MASKED]]
  // CHECK:      %[[NEXT:.*]] = arith.addf %[[SUM]], %[[TERM]]
  // CHECK:      vi.yield sums(%[[NEXT]] : f64)
  %d = vi.normal %m, %s : tensor<?xf64>, f64
  %l = vi.log_prob %d, %x if %mask : tensor<?xf64>, tensor<?xf64>, tensor<?xi1> -> f64
  return %l : f64
}

// -----

// Independent draws from one distribution over the element: rows, then
// elements.
// CHECK-LABEL: func.func @independent
func.func @independent(%r: f64, %x: tensor<4x?xi32>) -> f64 {
  // CHECK: %[[FOUR:.*]] = arith.constant 4 : index
  // CHECK: vi.plate "elements" %{{.*}} in %[[FOUR]]
  // CHECK:   vi.plate "elements.1"
  // CHECK:     arith.sitofp %{{.*}} : i32 to f64
  %d = vi.poisson %r : f64
  %l = vi.log_prob %d, %x : i64, tensor<4x?xi32> -> f64
  return %l : f64
}

// -----

// The logarithm of T(u) is taken of u, never of a rounded T(u).
// CHECK-LABEL: func.func @pullback
// CHECK-SAME:    %[[A:.*]]: f64, %[[B:.*]]: f64, %[[U:.*]]: f64
func.func @pullback(%a: f64, %b: f64, %u: f64) -> f64 {
  // CHECK-NOT: math.log
  // CHECK:     special.log_sigmoid %[[U]]
  // CHECK-NOT: special.sigmoid
  %d = vi.beta %a, %b : f64, f64
  %p = vi.pullback unit_interval %d : f64 -> f64
  %l = vi.log_prob %p, %u : f64, f64 -> f64
  return %l : f64
}

// -----

// CHECK-LABEL: func.func @bijectors
// CHECK-SAME:    %[[U:.*]]: f64, %[[L:.*]]: f64, %[[V:.*]]: tensor<?xf64>
func.func @bijectors(%u: f64, %lower: f64, %v: tensor<?xf64>)
    -> (f64, f64, tensor<?xf64>, f64) {
  // CHECK: %[[E:.*]] = math.exp %[[U]]
  // CHECK: %[[Z:.*]] = arith.addf %[[L]], %[[E]]
  %z = vi.constrain greater_than %u bounds(%lower : f64) : f64 -> f64
  // CHECK: arith.subf %[[Z]], %[[L]]
  // CHECK: math.log
  %w = vi.unconstrain greater_than %z bounds(%lower : f64) : f64 -> f64
  // CHECK: scf.for
  %s = vi.constrain simplex %v : tensor<?xf64> -> tensor<?xf64>
  // CHECK: scf.for
  %j = vi.log_det_jacobian simplex %v : tensor<?xf64> -> f64
  return %z, %w, %s, %j : f64, f64, tensor<?xf64>, f64
}

// -----

// A distribution that nothing measures vanishes; one that a draw uses stays.
// CHECK-LABEL: func.func @unused
func.func @unused(%a: f64, %b: f64) -> f64 {
  // CHECK-NOT: vi.pushforward
  // CHECK:     vi.normal
  // CHECK-NOT: vi.pushforward
  %d = vi.normal %a, %b : f64, f64
  %e = vi.pushforward positive %d : f64 -> f64
  %m = vi.expect {
    %z = vi.draw "z" from %d : f64
    vi.yield %z : f64
  } : f64
  return %m : f64
}

// -----

// f32 throughout.
// CHECK-LABEL: func.func @single
func.func @single(%a: f32, %b: f32, %x: f32) -> f32 {
  // CHECK-NOT: f64
  %d = vi.gamma %a, %b : f32, f32
  %l = vi.log_prob %d, %x : f32, f32 -> f32
  return %l : f32
}
