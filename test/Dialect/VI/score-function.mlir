// A draw without a path becomes draws in its place, whose terms get the score
// function's gradient with the mean of the others as the baseline: of the mean
// f = (f_1 + f_2) / 2 it is (2 (f_1 log q_1 + f_2 log q_2)
// - (f_1 + f_2)(log q_1 + log q_2)) / 2, the f held. Others stay.
// RUN: vi-opt %s --vi-score-function=draws=2 --canonicalize --cse --remarks-filter=vi-expectations 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t

// CHECK-LABEL: func.func @mean
// CHECK-SAME:    vi.score = ["z"]
// CHECK-DAG:     %[[TWO:.*]] = arith.constant 2.000000e+00 : f64
// CHECK-DAG:     %[[COUNT:.*]] = arith.constant 2 : index
// CHECK:         %[[Q:.*]] = vi.poisson
// CHECK:         vi.expect {
// CHECK-NEXT:      %[[D:.*]]:2 = vi.plate "z.draws" %{{.*}} in %[[COUNT]] -> (tensor<2xf64>, tensor<2xf64>) {
// CHECK-NEXT:        %[[Z:.*]] = vi.draw "z" from %[[Q]] {vi.score} : i64
// CHECK-NEXT:        %[[F:.*]] = arith.sitofp %[[Z]]
// CHECK-NEXT:        %[[L:.*]] = vi.log_prob %[[Q]], %[[Z]]
// CHECK-NEXT:        vi.yield %[[F]], %[[L]]
// CHECK:           linalg.generic {{.*}} ins(%[[D]]#1 :
// CHECK:           %[[LS:.*]] = tensor.extract
// CHECK:           linalg.generic {{.*}} ins(%[[D]]#0 :
// CHECK:           %[[FS:.*]] = tensor.extract
// CHECK:           %[[HELD:.*]] = vi.stop_gradient %[[D]]#0
// CHECK:           linalg.generic {{.*}} ins(%[[HELD]], %[[D]]#1 :
// CHECK:           %[[DOT:.*]] = tensor.extract
// CHECK-NEXT:      %[[TWICE:.*]] = arith.mulf %[[DOT]], %[[TWO]]
// CHECK-NEXT:      %[[FSHELD:.*]] = vi.stop_gradient %[[FS]]
// CHECK-NEXT:      %[[PRODUCT:.*]] = arith.mulf %[[FSHELD]], %[[LS]]
// CHECK-NEXT:      %[[DIFFERENCE:.*]] = arith.subf %[[TWICE]], %[[PRODUCT]]
// CHECK-NEXT:      %[[S:.*]] = arith.divf %[[DIFFERENCE]], %[[TWO]]
// CHECK-NEXT:      %[[MEAN:.*]] = arith.divf %[[FS]], %[[TWO]]
// CHECK-NEXT:      %[[SHELD:.*]] = vi.stop_gradient %[[S]]
// CHECK-NEXT:      %[[NOTHING:.*]] = arith.subf %[[S]], %[[SHELD]]
// CHECK-NEXT:      %[[TERM:.*]] = arith.addf %[[MEAN]], %[[NOTHING]]
// CHECK-NEXT:      vi.yield %[[TERM]]
// REMARK:      remark: [Analysis] score-function {{.*}}'z' is sampled: score function over its Markov blanket, 2 draws with a leave-one-out baseline
func.func @mean(%rate: f64) -> f64 attributes {vi.differentiate = "g"} {
  %q = vi.poisson %rate : f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : i64
    %f = arith.sitofp %z : i64 to f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// Each member has draws and a baseline of its own. What does not depend on the
// draw is computed once.
// CHECK-LABEL: func.func @plate
// CHECK-SAME:    vi.score = ["z"]
// CHECK:         vi.expect {
// CHECK-NEXT:      vi.plate "n" %{{.*}} in %{{.*}} (%[[RATE:.*]] = %{{.*}}, %[[Y:.*]] = %{{.*}}) sums(%[[SUM:.*]] = %{{.*}} : f64) {
// CHECK-NEXT:        %[[Q:.*]] = vi.poisson %[[RATE]]
// CHECK-NEXT:        %[[D:.*]]:2 = vi.plate "z.draws"
// CHECK-NEXT:          %[[Z:.*]] = vi.draw "z" from %[[Q]] {vi.score} : i64
// CHECK-NEXT:          %[[LOC:.*]] = arith.sitofp %[[Z]]
// CHECK-NEXT:          %[[P:.*]] = vi.normal %[[LOC]]
// CHECK-NEXT:          %[[F:.*]] = vi.log_prob %[[P]], %[[Y]]
// CHECK-NEXT:          %[[L:.*]] = vi.log_prob %[[Q]], %[[Z]]
// CHECK-NEXT:          vi.yield %[[F]], %[[L]]
// CHECK:             %[[NEXT:.*]] = arith.addf %[[TERM:.*]], %[[SUM]]
// CHECK-NEXT:        %[[OTHER:.*]] = arith.mulf %[[Y]], %[[RATE]]
// CHECK-NEXT:        %[[ALL:.*]] = arith.addf %[[NEXT]], %[[OTHER]]
// CHECK-NEXT:        vi.yield sums(%[[ALL]] : f64)
// REMARK:      remark: [Analysis] score-function
func.func @plate(%rate: tensor<?xf64>, %y: tensor<?xf64>) -> f64
    attributes {vi.differentiate = "g"} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %e = vi.expect {
    %s = vi.plate "n" %i in %n (%rate_i = %rate : tensor<?xf64>, %y_i = %y : tensor<?xf64>)
        sums(%sum = %zero : f64) {
      %q = vi.poisson %rate_i : f64
      %z = vi.draw "z" from %q : i64
      %loc = arith.sitofp %z : i64 to f64
      %likelihood = vi.normal %loc, %one : f64, f64
      %log_p = vi.log_prob %likelihood, %y_i : f64, f64 -> f64
      %square = arith.mulf %y_i, %rate_i : f64
      %with = arith.addf %sum, %log_p : f64
      %next = arith.addf %with, %square : f64
      vi.yield sums(%next : f64)
    }
    vi.yield %s : f64
  } : f64
  return %e : f64
}

// Where it is asked for, the path of a draw that has one is cut.
// CHECK-LABEL: func.func @asked
// CHECK-SAME:    vi.score = ["z"]
// CHECK:           %[[Z:.*]] = vi.draw "z"
// CHECK-NEXT:      %[[HELD:.*]] = vi.stop_gradient %[[Z]]
// CHECK-NEXT:      %[[F:.*]] = math.sin %[[HELD]]
// CHECK-NEXT:      %[[L:.*]] = vi.log_prob %{{.*}}, %[[HELD]]
// CHECK-NEXT:      vi.yield %[[F]], %[[L]]
// REMARK:      remark: [Analysis] score-function
func.func @asked(%loc: f64) -> f64 attributes {vi.differentiate = "g"} {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %loc, %one : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q {vi.estimator = "score-function"} : f64
    %f = math.sin %z : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// CHECK-LABEL: func.func @pathwise
// CHECK-NOT:     vi.score
// CHECK-NOT:     vi.plate
// CHECK:         return
// REMARK-NOT:  remark
func.func @pathwise(%loc: f64) -> f64 attributes {vi.differentiate = "g"} {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %loc, %one : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %f = math.sin %z : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// No gradient, no estimator.
// CHECK-LABEL: func.func @value
// CHECK-NOT:     vi.plate
// CHECK:         return
func.func @value(%rate: f64) -> f64 {
  %q = vi.poisson %rate : f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : i64
    %f = arith.sitofp %z : i64 to f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}
