// Expectations over draws with finitely many values are sums; what cannot be taken
// apart is left, with a remark.
// RUN: vi-opt %s --vi-enumerate-draws --canonicalize --cse --remarks-filter=vi-expectations 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t

// In the plate of the draw, -log q as the entropy.
// CHECK-LABEL: func.func @plate
// CHECK:         vi.expect {
// CHECK:           vi.plate "n" %{{.*}} sums(%[[SUM:.*]] = %{{.*}} : f64) {
// CHECK-NOT:         vi.draw
// CHECK-DAG:         %[[Q0:.*]] = vi.log_prob %[[Q:.*]], %false
// CHECK-DAG:         %[[Q1:.*]] = vi.log_prob %[[Q]], %true
// CHECK-DAG:         math.exp %[[Q0]]
// CHECK-DAG:         math.exp %[[Q1]]
// CHECK:             vi.yield sums(%{{.*}} : f64)
// REMARK:      remark: [Passed] enumerated {{.*}}E_q over 'z' enumerated (2 states)
func.func @plate(%p: tensor<?xf64>, %y: tensor<?xf64>) -> f64 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %p, %c0 : tensor<?xf64>
  %e = vi.expect {
    %s = vi.plate "n" %i in %n (%p_i = %p : tensor<?xf64>, %y_i = %y : tensor<?xf64>)
        sums(%sum = %zero : f64) {
      %q = vi.bernoulli %p_i : f64
      %z = vi.draw "z" from %q : i1
      %log_q = vi.log_prob %q, %z : i1, i1 -> f64
      %loc = arith.uitofp %z : i1 to f64
      %y_given = vi.normal %loc, %one : f64, f64
      %log_p = vi.log_prob %y_given, %y_i : f64, f64 -> f64
      %with = arith.addf %sum, %log_p : f64
      %next = arith.subf %with, %log_q : f64
      vi.yield sums(%next : f64)
    }
    vi.yield %s : f64
  } : f64
  return %e : f64
}

// Many states are a plate.
// CHECK-LABEL: func.func @many
// CHECK:         vi.plate "z.states" %{{.*}} in %c10 sums(
func.func @many(%logits: tensor<10xf64>, %a: tensor<10xf64>) -> f64 {
  %q = vi.categorical_logits %logits : tensor<10xf64>
  %e = vi.expect {
    %z = vi.draw "z" from %q : i64
    %k = arith.index_cast %z : i64 to index
    %f = tensor.extract %a[%k] : tensor<10xf64>
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// A function of a sum over members is no sum.
// CHECK-LABEL: func.func @nonlinear
// CHECK:         vi.draw "z"
// REMARK:      remark: [Missed] enumerated {{.*}}'z' is not enumerated: a function of it does not enter the expectation as a summand
func.func @nonlinear(%p: f64, %n: index) -> f64 {
  %zero = arith.constant 0.0 : f64
  %q = vi.bernoulli %p : f64
  %e = vi.expect {
    %s = vi.plate "n" %i in %n sums(%sum = %zero : f64) {
      %z = vi.draw "z" from %q : i1
      %f = arith.uitofp %z : i1 to f64
      %next = arith.addf %sum, %f : f64
      vi.yield sums(%next : f64)
    }
    %square = arith.mulf %s, %s : f64
    vi.yield %square : f64
  } : f64
  return %e : f64
}

// Nor are draws that depend on it.
// CHECK-LABEL: func.func @below
// CHECK:         vi.draw "z"
// REMARK:      remark: [Missed] enumerated {{.*}}'z' is not enumerated: the draw of 'w' depends on it
func.func @below(%p: f64) -> f64 {
  %one = arith.constant 1.0 : f64
  %q = vi.bernoulli %p : f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : i1
    %loc = arith.uitofp %z : i1 to f64
    %r = vi.normal %loc, %one : f64, f64
    %w = vi.draw "w" from %r : f64
    vi.yield %w : f64
  } : f64
  return %e : f64
}
