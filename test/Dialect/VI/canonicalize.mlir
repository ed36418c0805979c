// Rewrites that always simplify.
// RUN: vi-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @divergence_from_itself
// CHECK-NOT:     vi.
// CHECK:         %[[ZERO:.*]] = arith.constant 0.000000e+00 : f64
// CHECK:         return %[[ZERO]]
func.func @divergence_from_itself(%l: f64, %s: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %d = vi.kl %q, %q : f64, f64 -> f64
  return %d : f64
}

// One family with the same parameters is one distribution.
// CHECK-LABEL: func.func @divergence_from_an_equal
// CHECK-NOT:     vi.
// CHECK:         %[[ZERO:.*]] = arith.constant 0.000000e+00 : f64
// CHECK:         return %[[ZERO]]
func.func @divergence_from_an_equal(%l: f64, %s: f64) -> f64 {
  %q = vi.student_t %l, %l, %s : f64, f64, f64
  %p = vi.student_t %l, %l, %s : f64, f64, f64
  %r = vi.pushforward positive %q : f64 -> f64
  %t = vi.pushforward positive %p : f64 -> f64
  %d = vi.kl %r, %t : f64, f64 -> f64
  return %d : f64
}

// Others are not.
// CHECK-LABEL: func.func @divergence
// CHECK:         vi.kl
func.func @divergence(%l: f64, %s: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %p = vi.normal %s, %l : f64, f64
  %d = vi.kl %q, %p : f64, f64 -> f64
  return %d : f64
}

// CHECK-LABEL: func.func @cross_entropy_with_itself
// CHECK:         %[[Q:.*]] = vi.gamma
// CHECK:         %[[H:.*]] = vi.entropy %[[Q]] : f64 -> f64
// CHECK:         return %[[H]]
func.func @cross_entropy_with_itself(%a: f64, %b: f64) -> f64 {
  %q = vi.gamma %a, %b : f64, f64
  %h = vi.cross_entropy %q, %q : f64, f64 -> f64
  return %h : f64
}

// A slice that no member uses, a sum to which nothing is added, a sum and a
// stack that nothing uses go; the rest stays in its order.
// CHECK-LABEL: func.func @plate
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<?xf64>, %[[Y:[a-z0-9]+]]: tensor<?xf64>, %[[A:[a-z0-9]+]]: f64, %[[B:[a-z0-9]+]]: f64
func.func @plate(%n: index, %x: tensor<?xf64>, %y: tensor<?xf64>, %a: f64, %b: f64)
    -> (f64, f64, tensor<?xf64>) {
  // CHECK:      %[[P:.*]]:2 = vi.plate "p" %{{.*}} in %[[N]] (%[[Y_I:.*]] = %[[Y]] : tensor<?xf64>) sums(%[[S:.*]] = %[[B]] : f64) -> tensor<?xf64> attributes {vi.kept} {
  // CHECK-NEXT:   %[[T:.*]] = arith.addf %[[S]], %[[Y_I]] : f64
  // CHECK-NEXT:   vi.yield sums(%[[T]] : f64) %[[Y_I]] : f64
  // CHECK-NEXT: }
  %s, %t, %u, %stack, %other = vi.plate "p" %i in %n
      (%x_i = %x : tensor<?xf64>, %y_i = %y : tensor<?xf64>)
      sums(%carried = %a : f64, %sum = %b : f64, %unused = %a : f64)
      -> (tensor<?xf64>, tensor<?xf64>) attributes {vi.kept} {
    %next = arith.addf %sum, %y_i : f64
    %dead = arith.addf %unused, %y_i : f64
    vi.yield sums(%carried, %next, %dead : f64, f64, f64) %y_i, %dead : f64, f64
  }
  // CHECK: return %[[A]], %[[P]]#0, %[[P]]#1
  return %s, %t, %stack : f64, f64, tensor<?xf64>
}

// A number that is the same for all members is known without the plate.
// CHECK-LABEL: func.func @invariants
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index, %[[BEGIN:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<?xf64>, %[[A:[a-z0-9]+]]: f64
func.func @invariants(%n: index, %begin: index, %x: tensor<?xf64>, %a: f64)
    -> (f64, tensor<?xf64>, tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %same = vi.plate "p" %i in %n -> tensor<?xf64> {
    vi.yield %a : f64
  }
  // CHECK-DAG:  %[[SAME:.*]] = tensor.splat %[[A]][%[[N]]] : tensor<?xf64>
  // CHECK:      %[[SUM:.*]] = vi.plate "p" %{{.*}} in %[[N]] (%[[X_I:.*]] = %[[X]] : tensor<?xf64>) sums(%[[S:.*]] = %{{.*}} : f64) {
  // CHECK-NEXT:   %[[P:.*]] = arith.mulf %[[X_I]], %[[A]] : f64
  // CHECK-NEXT:   %[[T:.*]] = arith.addf %[[S]], %[[P]] : f64
  // CHECK-NEXT:   vi.yield sums(%[[T]] : f64)
  %sum = vi.plate "p" %i in %n
      (%x_i = %x : tensor<?xf64>, %a_i = %same : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %product = arith.mulf %x_i, %a_i : f64
    %next = arith.addf %s, %product : f64
    vi.yield sums(%next : f64)
  }
  // Of a range the other members have zero.
  // CHECK: %[[SOME:.*]] = vi.plate "p" %{{.*}} in %[[N]] from %[[BEGIN]] to %[[N]] -> tensor<?xf64>
  %some = vi.plate "p" %i in %n from %begin to %n -> tensor<?xf64> {
    vi.yield %a : f64
  }
  // CHECK: return %[[SUM]], %[[SAME]], %[[SOME]]
  return %sum, %same, %some : f64, tensor<?xf64>, tensor<?xf64>
}

// CHECK-LABEL: func.func @equal_stacks
func.func @equal_stacks(%n: index, %x: tensor<?xf64>)
    -> (tensor<?xf64>, tensor<?xf64>) {
  // CHECK:   %[[P:.*]] = vi.plate "p" {{.*}} -> tensor<?xf64> {
  // CHECK:     vi.yield %[[Y:.*]] : f64
  %one, %two = vi.plate "p" %i in %n (%x_i = %x : tensor<?xf64>)
      -> (tensor<?xf64>, tensor<?xf64>) {
    %y = arith.mulf %x_i, %x_i : f64
    vi.yield %y, %y : f64, f64
  }
  // CHECK:   return %[[P]], %[[P]]
  return %one, %two : tensor<?xf64>, tensor<?xf64>
}

// Nothing that a model says is removed.
// CHECK-LABEL: vi.model @sites
vi.model @sites(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  // CHECK:   vi.sample "unused"
  %unused = vi.sample "unused" from %p : f64
  // CHECK:   vi.sample "again"
  %again = vi.sample "again" from %p : f64
  // CHECK:   vi.plate "n" %{{.*}} in %n (%[[Y_I:.*]] = %y : tensor<?xf64>) {
  // CHECK:     vi.sample "z"
  // CHECK:     vi.observe "y" from %{{.*}}, %[[Y_I]]
  // CHECK:     vi.predict "y_rep"
  %stack = vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) -> tensor<?xf64> {
    %z = vi.sample "z" from %p : f64
    vi.observe "y" from %p, %y_i : f64, f64
    %y_rep = vi.predict "y_rep" from %p : f64
    vi.yield %z : f64
  }
}

// CHECK-LABEL: func.func @expectation
func.func @expectation(%l: f64, %s: f64) -> f64 {
  // CHECK:      %[[Q:.*]] = vi.normal
  // CHECK:      %[[E:.*]] = vi.expect {
  // CHECK-NEXT:   %[[Z:.*]] = vi.draw "z" from %[[Q]] : f64
  // CHECK-NEXT:   %[[E2:.*]] = arith.mulf %[[Z]], %[[Z]]
  // CHECK-NEXT:   vi.yield %[[E2]] : f64
  // CHECK-NEXT: } : f64
  // CHECK:      return %[[E]]
  %q = vi.normal %l, %s : f64, f64
  %e:3 = vi.expect {
    %z = vi.draw "z" from %q : f64
    %w = vi.draw "w" from %q : f64
    %square = arith.mulf %z, %z : f64
    vi.yield %z, %square, %w : f64, f64, f64
  } : f64, f64, f64
  return %e#1 : f64
}
