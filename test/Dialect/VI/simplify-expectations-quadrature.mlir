// Functions of one normal variable: by quadrature where they are smooth and have no
// closed form. The numbers are tested in quadrature.py.
// RUN: vi-opt %s --vi-simplify-expectations --canonicalize --cse --mlir-elide-elementsattrs-if-larger=8 | FileCheck %s
// RUN: vi-opt %s --vi-simplify-expectations --remarks-filter=vi-expectations --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// E[exp(c (z + w))] of two latents in an interval is the product of two sums.
// REMARK: [Passed] quadrature | Category:vi-expectations | Remark="expected factor by one-dimensional quadrature with 64 nodes"
// CHECK-LABEL: func.func @product
// CHECK-SAME:    (%[[M:.*]]: f64, %[[S:.*]]: f64, %[[C:.*]]: f64)
// CHECK-NOT:     vi.expect
// CHECK:         %[[A:.*]] = vi.plate "nodes.64" %{{.*}} in %c64 (%[[Z:.*]] = %{{.*}} : tensor<64xf64>, %[[W:.*]] = %{{.*}} : tensor<64xf64>) sums(%[[SUM:.*]] = %{{.*}} : f64) {
// CHECK:           %[[D:.*]] = arith.mulf %{{.*}}, %[[Z]]
// CHECK:           %[[U:.*]] = arith.addf %[[M]], %[[D]]
// CHECK:           vi.constrain interval %[[U]]
// CHECK:           %[[E:.*]] = math.exp
// CHECK:           %[[P:.*]] = arith.mulf %[[W]], %[[E]]
// CHECK:           %[[N:.*]] = arith.addf %[[SUM]], %[[P]]
// CHECK:           vi.yield sums(%[[N]] : f64)
// CHECK:         %[[B:.*]] = vi.plate "nodes.64"
// CHECK:         arith.mulf %[[A]], %[[B]]
// CHECK-NOT:     vi.expect
// CHECK:         return
func.func @product(%m: f64, %s: f64, %c: f64) -> f64 {
  %low = arith.constant -1.0 : f64
  %high = arith.constant 2.0 : f64
  %q = vi.normal %m, %s : f64, f64
  %p = vi.normal %s, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %v = vi.draw "v" from %p : f64
    %z = vi.constrain interval %u bounds(%low, %high : f64, f64) : f64 -> f64
    %w = vi.constrain interval %v bounds(%low, %high : f64, f64) : f64 -> f64
    %a = arith.addf %z, %w : f64
    %b = arith.mulf %c, %a : f64
    %f = math.exp %b : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// A probit likelihood: a function of the linear predictor of two latents.
// REMARK: [Passed] quadrature
// CHECK-LABEL: func.func @probit
// CHECK-NOT:     vi.expect
// CHECK:         vi.plate "nodes.64"
// CHECK:           special.normal_log_cdf
// CHECK-NOT:     vi.plate
// CHECK:         return
func.func @probit(%m: f64, %s: f64, %x: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %p = vi.normal %s, %s : f64, f64
  %e = vi.expect {
    %a = vi.draw "a" from %q : f64
    %b = vi.draw "b" from %p : f64
    %bx = arith.mulf %b, %x : f64
    %eta = arith.addf %a, %bx : f64
    %f = special.normal_log_cdf %eta : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// E[e^u (c - u - w)^2]: the exponential shifts the mean of the predictor.
// REMARK: [Passed] exact | Category:vi-expectations | Remark="expected factor in closed form"
// CHECK-LABEL: func.func @shifted
// CHECK-NOT:     vi.expect
// CHECK-NOT:     vi.plate
// CHECK:         return
func.func @shifted(%m: f64, %s: f64, %c: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %p = vi.normal %s, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %w = vi.draw "w" from %p : f64
    %e = math.exp %u : f64
    %d = arith.subf %c, %u : f64
    %r = arith.subf %d, %w : f64
    %square = arith.mulf %r, %r : f64
    %f = arith.mulf %e, %square : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// E|u| is that of a folded normal variable.
// REMARK: [Passed] exact
// CHECK-LABEL: func.func @absolute
// CHECK-NOT:     vi.expect
// CHECK:         math.erf
// CHECK:         return
func.func @absolute(%m: f64, %s: f64, %c: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %d = arith.subf %u, %c : f64
    %f = math.absf %d : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// It has a kink: quadrature of its products would have no small error.
// REMARK: [Missed] exact | Category:vi-expectations | Reason="a function of latents that quadrature does not resolve"
// REMARK: [Analysis] sampled | Category:vi-expectations | Remark="this factor is left to the estimator"
// CHECK-LABEL: func.func @kink
// CHECK:         vi.expect
func.func @kink(%m: f64, %s: f64, %c: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %d = math.absf %u : f64
    %t = math.tanh %u : f64
    %f = arith.mulf %d, %t : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// 1 / u has no expectation.
// REMARK: [Missed] exact | Category:vi-expectations | Reason="a statistic of the guide's family with no known expectation"
// CHECK-LABEL: func.func @reciprocal
// CHECK:         vi.expect
func.func @reciprocal(%m: f64, %s: f64, %c: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %f = arith.divf %c, %u : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// Nor has 1 / (c + u), which may be zero.
// REMARK: [Missed] exact | Category:vi-expectations | Reason="a quotient by a sum of latents that may be zero"
// CHECK-LABEL: func.func @pole
// CHECK:         vi.expect
func.func @pole(%m: f64, %s: f64, %c: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %d = arith.addf %u, %c : f64
    %f = arith.divf %c, %d : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// Two members of one site that may be the same are not independent.
// REMARK: [Missed] exact | Category:vi-expectations | Reason="latents of one site that may be the same"
// CHECK-LABEL: func.func @members
// CHECK:         vi.expect
func.func @members(%n: index, %i: index, %j: index, %m: f64, %s: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.plate "p" %k in %n -> tensor<?xf64> {
      %draw = vi.draw "u" from %q : f64
      vi.yield %draw : f64
    }
    %a = tensor.extract %u[%i] : tensor<?xf64>
    %b = tensor.extract %u[%j] : tensor<?xf64>
    %d = arith.addf %a, %b : f64
    %f = special.softplus %d : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}
