// One plate of plates over the same members, where the later one needs nothing of
// the earlier but its values, member by member.
// RUN: vi-opt %s --vi-fuse-plates --canonicalize | FileCheck %s

// The stack is gone, its values are used where they are; what does not depend on
// the member stands before the plate.
// CHECK-LABEL: func.func @stack
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<?xf64>, %{{.*}}: f64, %[[K:[a-z0-9]+]]: f64
// CHECK:         %[[INV:.*]] = math.tanh %[[K]] : f64
// CHECK-NEXT:    %[[S:.*]] = vi.plate "obs" %{{.*}} in %[[N]] (%[[X_I:.*]] = %[[X]] : tensor<?xf64>) sums(%[[A:.*]] = %{{.*}} : f64) {
// CHECK-NEXT:      %[[Z_I:.*]] = math.exp %[[X_I]]
// CHECK-NEXT:      %[[P:.*]] = arith.mulf %[[Z_I]], %[[X_I]]
// CHECK-NEXT:      %[[Q:.*]] = arith.mulf %[[P]], %[[INV]]
// CHECK-NEXT:      %[[B:.*]] = arith.addf %[[A]], %[[Q]]
// CHECK-NEXT:      vi.yield sums(%[[B]] : f64)
// CHECK-NEXT:    }
// CHECK-NEXT:    return %[[S]]
func.func @stack(%n: index, %x: tensor<?xf64>, %zero: f64, %k: f64) -> f64 {
  %z = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) -> tensor<?xf64> {
    %z_i = math.exp %x_i : f64
    vi.yield %z_i : f64
  }
  %s = vi.plate "obs" %i in %n (%z_i = %z : tensor<?xf64>, %x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %inv = math.tanh %k : f64
    %p = arith.mulf %z_i, %x_i : f64
    %q = arith.mulf %p, %inv : f64
    %b = arith.addf %a, %q : f64
    vi.yield sums(%b : f64)
  }
  return %s : f64
}

// The second needs the sum of all members of the first: two plates.
// CHECK-LABEL: func.func @sum
// CHECK:         %[[T:.*]] = vi.plate "obs"
// CHECK:         vi.plate "obs"
// CHECK:           arith.mulf %{{.*}}, %[[T]]
// CHECK:         return
func.func @sum(%n: index, %x: tensor<?xf64>, %zero: f64) -> f64 {
  %t = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %b = arith.addf %a, %x_i : f64
    vi.yield sums(%b : f64)
  }
  %s = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %p = arith.mulf %x_i, %t : f64
    %b = arith.addf %a, %p : f64
    vi.yield sums(%b : f64)
  }
  return %s : f64
}

// The second needs another member's value: two plates.
// CHECK-LABEL: func.func @whole
// CHECK:         %[[T:.*]] = vi.plate "obs"{{.*}} -> tensor<?xf64> {
// CHECK:         vi.plate "obs" %{{.*}} in %{{.*}} (%[[T_I:.*]] = %[[T]] : tensor<?xf64>)
// CHECK-NOT:       math.exp
// CHECK:           %[[O:.*]] = tensor.extract %[[T]]
// CHECK:           arith.mulf %[[T_I]], %[[O]]
// CHECK:         return
func.func @whole(%n: index, %x: tensor<?xf64>, %zero: f64, %j: index) -> f64 {
  %t = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) -> tensor<?xf64> {
    %e = math.exp %x_i : f64
    vi.yield %e : f64
  }
  %s = vi.plate "obs" %i in %n (%t_i = %t : tensor<?xf64>) sums(%a = %zero : f64) {
    %o = tensor.extract %t[%j] : tensor<?xf64>
    %p = arith.mulf %t_i, %o : f64
    %b = arith.addf %a, %p : f64
    vi.yield sums(%b : f64)
  }
  return %s : f64
}

// Plates over one range of members are one plate; over another, another.
// CHECK-LABEL: func.func @ranges
// CHECK-SAME:    %[[B:[a-z0-9]+]]: index, %[[E:[a-z0-9]+]]: index)
// CHECK:         %[[R:.*]]:2 = vi.plate "obs" %{{.*}} in %{{.*}} from %[[B]] to %[[E]]
// CHECK-NOT:       math.sin
// CHECK:           math.cos
// CHECK-NOT:       math.sin
// CHECK:         %[[ALL:.*]] = vi.plate "obs"
// CHECK-NOT:       from
// CHECK:           math.sin
// CHECK-NOT:     vi.plate
// CHECK:         return %[[R]]#0, %[[ALL]], %[[R]]#1
func.func @ranges(%n: index, %x: tensor<?xf64>, %zero: f64, %b: index, %e: index) -> (f64, f64, f64) {
  %s = vi.plate "obs" %i in %n from %b to %e (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %t = arith.addf %a, %x_i : f64
    vi.yield sums(%t : f64)
  }
  %u = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %v = math.sin %x_i : f64
    %t = arith.addf %a, %v : f64
    vi.yield sums(%t : f64)
  }
  %w = vi.plate "obs" %i in %n from %b to %e (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %v = math.cos %x_i : f64
    %t = arith.addf %a, %v : f64
    vi.yield sums(%t : f64)
  }
  return %s, %u, %w : f64, f64, f64
}

// CHECK-LABEL: func.func @names
// CHECK:         vi.plate "one"
// CHECK:         vi.plate "two"
func.func @names(%n: index, %x: tensor<?xf64>, %zero: f64) -> (f64, f64) {
  %s = vi.plate "one" %i in %n (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %t = arith.addf %a, %x_i : f64
    vi.yield sums(%t : f64)
  }
  %u = vi.plate "two" %i in %n (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %t = arith.addf %a, %x_i : f64
    vi.yield sums(%t : f64)
  }
  return %s, %u : f64, f64
}

// A stack of the plate's own slices.
// CHECK-LABEL: func.func @argument_stack
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?xf64>
// CHECK-COUNT-1: vi.plate "obs" %{{.*}} in %{{.*}} (%[[X_I:.*]] = %[[X]] : tensor<?xf64>)
// CHECK-NOT:     vi.plate
// CHECK:           arith.addf %{{.*}}, %[[X_I]]
func.func @argument_stack(%n: index, %x: tensor<?xf64>, %zero: f64) -> f64 {
  %z = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) -> tensor<?xf64> {
    vi.yield %x_i : f64
  }
  %s = vi.plate "obs" %i in %n (%z_i = %z : tensor<?xf64>) sums(%a = %zero : f64) {
    %b = arith.addf %a, %z_i : f64
    vi.yield sums(%b : f64)
  }
  return %s : f64
}

// In an expectation too; a draw is one variable for each member and stays inside.
// CHECK-LABEL: func.func @draws
// CHECK:         vi.expect {
// CHECK-NEXT:      %[[C:.*]] = math.exp
// CHECK-NEXT:      vi.plate "obs"
// CHECK-NEXT:        %[[Z:.*]] = vi.draw "z"
// CHECK-NEXT:        arith.mulf %[[Z]], %[[C]]
// CHECK-NOT:       vi.plate
func.func @draws(%n: index, %l: f64, %zero: f64, %c: f64) -> f64 {
  %q = vi.normal %l, %l : f64, f64
  %e = vi.expect {
    %z = vi.plate "obs" %i in %n -> tensor<?xf64> {
      %z_i = vi.draw "z" from %q : f64
      vi.yield %z_i : f64
    }
    %scaled = math.exp %c : f64
    %s = vi.plate "obs" %i in %n (%z_i = %z : tensor<?xf64>) sums(%a = %zero : f64) {
      %p = arith.mulf %z_i, %scaled : f64
      %b = arith.addf %a, %p : f64
      vi.yield sums(%b : f64)
    }
    vi.yield %s : f64
  } : f64
  return %e : f64
}

// A division that may trap is not done where there is no member.
// CHECK-LABEL: func.func @division
// CHECK-NOT:     arith.divsi
// CHECK:         vi.plate "obs"
// CHECK:           arith.divsi
func.func @division(%x: tensor<?xf64>, %zero: f64, %n: index, %t: tensor<?xf64>, %k: index, %m: index) -> f64 {
  %s = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
    %e = tensor.extract %t[%k] : tensor<?xf64>
    %d = arith.divsi %k, %m : index
    %dd = arith.index_cast %d : index to i64
    %f = arith.sitofp %dd : i64 to f64
    %g = arith.mulf %f, %e : f64
    %h = arith.mulf %g, %x_i : f64
    %b = arith.addf %a, %h : f64
    vi.yield sums(%b : f64)
  }
  return %s : f64
}

// The sums of the second plate of data begin with those of the first: one plate,
// and the two are added behind it.
// CHECK-LABEL: func.func @chain
// CHECK:         %[[ZEROS:.*]] = linalg.fill
// CHECK:         %[[S:.*]]:4 = vi.plate "obs" %{{.*}} in %{{.*}} from %{{.*}} to %{{.*}} (%{{.*}} = %{{.*}} : tensor<?xf64>) sums(%{{.*}} = %{{.*}} : f64, %{{.*}} = %{{.*}} : tensor<?xf64>, %{{.*}} = %{{.*}} : f64, %{{.*}} = %[[ZEROS]] : tensor<?xf64>)
// CHECK-NOT:     vi.plate
// CHECK:         %[[A:.*]] = arith.addf %{{.*}}, %[[S]]#2 : f64
// CHECK-NEXT:    %[[B:.*]] = arith.addf %[[S]]#1, %[[S]]#3 : tensor<?xf64>
// CHECK:         return %[[A]], %[[B]]
func.func @chain(%n: index, %x: tensor<?xf64>, %init: tensor<?xf64>, %g: index, %zero: f64, %begin: index, %end: index) -> (f64, tensor<?xf64>) {
  %t:2 = vi.plate "obs" %i in %n from %begin to %end (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64, %v = %init : tensor<?xf64>) {
    %b = arith.addf %a, %x_i : f64
    %old = tensor.extract %v[%g] : tensor<?xf64>
    %new = arith.addf %old, %x_i : f64
    %w = tensor.insert %new into %v[%g] : tensor<?xf64>
    vi.yield sums(%b, %w : f64, tensor<?xf64>)
  }
  %root = math.sqrt %t#0 : f64
  %s:2 = vi.plate "obs" %i in %n from %begin to %end (%x_i = %x : tensor<?xf64>) sums(%a = %root : f64, %v = %t#1 : tensor<?xf64>) {
    %p = arith.mulf %x_i, %x_i : f64
    %b = arith.addf %a, %p : f64
    %old = tensor.extract %v[%g] : tensor<?xf64>
    %new = arith.subf %old, %x_i : f64
    %w = tensor.insert %new into %v[%g] : tensor<?xf64>
    vi.yield sums(%b, %w : f64, tensor<?xf64>)
  }
  return %s#0, %s#1 : f64, tensor<?xf64>
}
