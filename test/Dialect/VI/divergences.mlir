// RUN: vi-opt %s --vi-lower-distributions --canonicalize --cse -split-input-file | FileCheck %s

// A divergence does not change under a bijection of both sides.
// CHECK-LABEL: func.func @same_image
// CHECK-NOT:     math.exp
// CHECK:         return
func.func @same_image(%a: f64, %b: f64, %c: f64) -> f64 {
  %q = vi.normal %a, %b : f64, f64
  %p = vi.normal %c, %b : f64, f64
  %s = vi.pushforward positive %q : f64 -> f64
  %t = vi.pushforward positive %p : f64 -> f64
  %d = vi.kl %s, %t : f64, f64 -> f64
  return %d : f64
}

// -----

// On the unconstrained scale: E[exp(z)] of a normal variable in closed form.
// CHECK-LABEL: func.func @pulled_back_prior
// CHECK:         math.exp
// CHECK-NOT:     math.exp
// CHECK:         return
func.func @pulled_back_prior(%m: f64, %s: f64, %a: f64, %b: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %g = vi.gamma %a, %b : f64, f64
  %p = vi.pullback positive %g : f64 -> f64
  %d = vi.kl %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

// Nothing is left behind by forms that were tried and do not hold.
// CHECK-LABEL: func.func @point
// CHECK-SAME:    %[[X:.*]]: f64, %[[L:.*]]: f64
func.func @point(%x: f64, %l: f64) -> f64 {
  // CHECK-NOT: vi.
  // CHECK:     %[[SP:.*]] = special.softplus
  // CHECK:     return
  %q = vi.delta %x : f64
  %one = arith.constant 1.0 : f64
  %p = vi.logistic %l, %one : f64, f64
  %d = vi.kl %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

// Whether q lies inside p is a matter of values here.
// CHECK-LABEL: func.func @interval_in_half_line
// CHECK-SAME:    %[[A:.*]]: f64, %[[B:.*]]: f64
func.func @interval_in_half_line(%a: f64, %b: f64) -> f64 {
  // CHECK-DAG: %[[INF:.*]] = arith.constant 0x7FF0000000000000 : f64
  // CHECK:     %[[INSIDE:.*]] = arith.cmpf ole, %{{.*}}, %[[A]] : f64
  // CHECK:     arith.select %[[INSIDE]], %{{.*}}, %[[INF]] : f64
  %q = vi.uniform %a, %b : f64, f64
  %p = vi.exponential %b : f64
  %d = vi.kl %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

// A batch against a batch, member by member.
// CHECK-LABEL: func.func @batch
// CHECK-SAME:    %[[M:.*]]: tensor<?xf64>, %[[S:.*]]: tensor<?xf64>
func.func @batch(%m: tensor<?xf64>, %s: tensor<?xf64>) -> f64 {
  // CHECK: vi.plate "elements" %{{.*}} in %{{.*}} (%{{.*}} = %[[M]] : tensor<?xf64>, %{{.*}} = %[[S]] : tensor<?xf64>, %{{.*}} = %{{.*}} : tensor<8xf64>) sums
  %zero = arith.constant dense<0.0> : tensor<8xf64>
  %one = arith.constant 1.0 : f64
  %q = vi.normal %m, %s : tensor<?xf64>, tensor<?xf64>
  %p = vi.normal %zero, %one : tensor<8xf64>, f64
  %d = vi.kl %q, %p : tensor<?xf64>, tensor<8xf64> -> f64
  return %d : f64
}
