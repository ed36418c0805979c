// RUN: vi-opt %s --vi-auto-guide --vi-entry-points --canonicalize --cse | \
// RUN:   FileCheck %s
// RUN: vi-opt %s --vi-auto-guide --vi-entry-points \
// RUN:   --remarks-filter=vi-log-lik -o /dev/null 2>&1 | \
// RUN:   FileCheck %s --check-prefix=REMARK

// Groups of different sizes: a plate counts their members, the sums say where
// each group starts, and the terms of a group are put there. Loops stack.

// CHECK-LABEL: func.func @m_shapes(
// CHECK-SAME:    vi.name = "log_lik.y_size0"}, index {{{.*}}vi.name = "log_lik.v_size0"})
// CHECK-SAME:    vi.log_lik = ["y", "v"]
// CHECK:         %[[Y:.*]] = vi.plate "group" {{.*}} sums(%[[SUM:.*]] = %{{.*}} : index) {
// CHECK:           %[[N:.*]] = arith.index_cast
// CHECK:           %[[NEXT:.*]] = arith.addi %[[SUM]], %[[N]]
// CHECK:           vi.yield sums(%[[NEXT]] : index)
// CHECK:         return {{.*}}%[[Y]], %{{[0-9]+}} : {{.*}}

// CHECK-LABEL: func.func @m_log_lik(
// CHECK-SAME:    -> (tensor<?xf64> {vi.name = "y"}, tensor<?xf64> {vi.name = "v"})
// CHECK:         %[[COUNTS:.*]] = vi.plate "group" {{.*}} -> tensor<?xindex>
// CHECK:         %[[STARTS:.*]]:2 = scf.for
// CHECK:           tensor.extract %[[COUNTS]]
// CHECK:         %[[ALL:.*]] = tensor.splat %{{.*}}[%[[STARTS]]#0]
// CHECK:         %[[TERMS:.*]] = vi.plate "group" {{.*}}%[[START:[a-z0-9_]+]] = %[[STARTS]]#1 : tensor<?xindex>) sums(%[[SO_FAR:.*]] = %[[ALL]] : tensor<?xf64>)
// CHECK:           %[[GROUP:.*]] = vi.plate "member" {{.*}} -> tensor<?xf64>
// CHECK:           tensor.insert_slice %[[GROUP]] into %[[SO_FAR]][%[[START]]]
// CHECK:         %[[STEPS:.*]] = scf.for %[[T:.*]] = {{.*}} iter_args(%[[STACK:.*]] = %{{.*}}) -> (tensor<?xf64>)
// CHECK:           %[[DENSITY:.*]] = vi.log_prob
// CHECK:           tensor.insert %[[DENSITY]] into %[[STACK]]
// CHECK:         return %[[TERMS]], %[[STEPS]]

vi.model @m(%n: tensor<?xi64>, %y: tensor<?xf64>, %v: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %G = tensor.dim %n, %c0 : tensor<?xi64>
  %T = tensor.dim %v, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %prior : f64
  %likelihood = vi.normal %mu, %one : f64, f64
  vi.plate "group" %g in %G (%n_g = %n : tensor<?xi64>) {
    %count = arith.index_cast %n_g : i64 to index
    vi.plate "member" %k in %count {
      %y_k = tensor.extract %y[%k] : tensor<?xf64>
      vi.observe "y" from %likelihood, %y_k : f64, f64
      vi.yield
    }
    vi.yield
  }
  scf.for %t = %c1 to %T step %c1 {
    %v_t = tensor.extract %v[%t] : tensor<?xf64>
    vi.observe "v" from %likelihood, %v_t : f64, f64
  }
}

// How often a branch is taken is not known before: no array has room for what is
// observed in it. A remark says so, and the function's description.

// REMARK-NOT: 'all'
// REMARK:     entry-points-log-lik.mlir:[[#@LINE + 20]]:7: remark: [Missed] log-lik | Category:vi-log-lik | Reason="'some' is left out of log_lik: how often it is observed is not a function of the data alone"
// REMARK-NOT: 'all'

// CHECK-LABEL: func.func @branch_shapes(
// CHECK-SAME:    vi.log_lik = ["all"]
// CHECK-SAME:    vi.no_log_lik = ["some"]
// CHECK-LABEL: func.func @branch_log_lik(
// CHECK-SAME:    -> (tensor<?xf64> {vi.name = "all"})
// CHECK-SAME:    vi.doc = "{{.*}} 'some' is left out: how often it is observed is not a function of the data alone."
vi.model @branch(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %one : f64, f64
  %a = vi.sample "a" from %prior : f64
  vi.plate "unit" %n in %N (%y_n = %y : tensor<?xf64>) {
    %d = vi.normal %a, %one : f64, f64
    %positive = arith.cmpf ogt, %y_n, %zero : f64
    scf.if %positive {
      vi.observe "some" from %d, %y_n : f64, f64
    }
    vi.observe "all" from %d, %y_n : f64, f64
  }
}
