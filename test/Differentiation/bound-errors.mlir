// RUN: vi-opt %s --vi-bound-errors | FileCheck %s

// The bound counts as often as the value, whatever the sign.
// CHECK-LABEL: func.func @elbo(
// CHECK-NOT:     vi.approximate
// CHECK:         return
// CHECK-LABEL: func.func @elbo_error(
// CHECK-SAME:      %[[M:[^:]*]]: f64, %[[C:[^:]*]]: f64)
// CHECK-SAME:      -> (f64 {vi.name = "certified"}, f64 {vi.name = "estimated"})
// CHECK-SAME:      attributes {vi.doc = "How far 'elbo' may be off
// CHECK-SAME:      vi.export}
// CHECK-DAG:     %[[BOUND:.*]] = arith.constant 1.400000e-12 : f64
// CHECK-DAG:     %[[NEGATIVE:.*]] = arith.negf %[[C]]
// CHECK:         %[[SIZE:.*]] = math.absf %{{.*}}
// CHECK:         %[[ERROR:.*]] = arith.mulf %[[SIZE]], %[[BOUND]]
// CHECK:         return %[[ERROR]], %{{.*}} : f64, f64
func.func @elbo(%m: f64, %c: f64) -> f64
    attributes {vi.differentiate = "elbo_gradient", vi.export, vi.model = "m"} {
  %one = arith.constant 1.0 : f64
  %f = special.gaussian_softplus %m, %one : f64
  %bound = arith.constant 1.4e-12 : f64
  %g = vi.approximate %f within %bound : f64
  %r = arith.mulf %c, %g : f64
  %s = arith.subf %m, %r : f64
  return %s : f64
}

// Over the members of a plate, in one plate. What is sampled counts nothing.
// CHECK-LABEL: func.func @plate_error(
// CHECK-NOT:     vi.expect
// CHECK:         %[[SUM:.*]]:2 = vi.plate "n"
// CHECK-NOT:       special.softplus
// CHECK:           math.absf
// CHECK:         return %{{.*}}, %[[SUM]]#1
func.func @plate(%x: tensor<?xf64>, %n: index, %m: f64, %v: f64) -> f64
    attributes {vi.differentiate = "plate_gradient", vi.model = "m"} {
  %zero = arith.constant 0.0 : f64
  %q = vi.normal %m, %v : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %s = special.softplus %z : f64
    vi.yield %s : f64
  } : f64
  %sum = vi.plate "n" %i in %n (%x_i = %x : tensor<?xf64>)
      sums(%a = %e : f64) {
    %value = arith.mulf %x_i, %m : f64
    %bound = arith.mulf %v, %v : f64
    %f = vi.approximate %value within estimated %bound : f64
    %p = arith.mulf %f, %x_i : f64
    %next = arith.addf %a, %p : f64
    vi.yield sums(%next : f64)
  }
  return %sum : f64
}

// Without a model, and without approximations, there is nothing to add.
// CHECK-LABEL: func.func @exact(
// CHECK-NOT:   _error
func.func @exact(%m: f64) -> f64
    attributes {vi.differentiate = "exact_gradient", vi.model = "m"} {
  return %m : f64
}
