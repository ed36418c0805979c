// Expectations as far as algebra goes: divergences, entropies, and linearity.
// RUN: vi-opt %s --vi-simplify-expectations --canonicalize | FileCheck %s
// RUN: vi-opt %s --cse --vi-simplify-expectations --canonicalize | FileCheck %s --check-prefix=CSE
// RUN: vi-opt %s --vi-simplify-expectations=keep-guide-density --canonicalize | FileCheck %s --check-prefix=KEEP
// RUN: vi-opt %s --vi-simplify-expectations --remarks-filter=vi-expectations --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: func.func @kl
// CHECK-NEXT:    %[[Q:.*]] = vi.normal %arg0, %arg1
// CHECK-NEXT:    %[[P:.*]] = vi.normal %arg2, %arg3
// CHECK-NEXT:    %[[KL:.*]] = vi.kl %[[Q]], %[[P]] : f64, f64 -> f64
// CHECK-NEXT:    %[[E:.*]] = arith.negf %[[KL]] : f64
// CHECK-NEXT:    return %[[E]]
// With log q kept, the prior by itself still has a closed form.
// KEEP-LABEL:  func.func @kl
// KEEP:          %[[H:.*]] = vi.cross_entropy
// KEEP:          vi.expect {
// KEEP:            %[[Z:.*]] = vi.draw "z" from %[[Q:.*]] : f64
// KEEP:            vi.log_prob %[[Q]], %[[Z]]
// KEEP-NOT:        vi.log_prob
// KEEP:          } : f64
// REMARK: [Passed] kl | Category:vi-expectations | Remark="KL(q || p) of 'z' in closed form"
func.func @kl(%l: f64, %s: f64, %m: f64, %t: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %p = vi.normal %m, %t : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lp = vi.log_prob %p, %z : f64, f64 -> f64
    %lq = vi.log_prob %q, %z : f64, f64 -> f64
    %d = arith.subf %lp, %lq : f64
    vi.yield %d : f64
  } : f64
  return %e : f64
}

// CHECK-LABEL: func.func @cross_entropy
// CHECK-NEXT:    %[[Q:.*]] = vi.normal %arg0, %arg1
// CHECK-NEXT:    %[[P:.*]] = vi.normal %arg2, %arg3
// CHECK-NEXT:    %[[H:.*]] = vi.cross_entropy %[[Q]], %[[P]] : f64, f64 -> f64
// CHECK-NEXT:    %[[E:.*]] = arith.negf %[[H]] : f64
// CHECK-NEXT:    return %[[E]]
// REMARK: [Passed] cross-entropy | Category:vi-expectations | Remark="E_q[log p] of 'z' in closed form"
func.func @cross_entropy(%l: f64, %s: f64, %m: f64, %t: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %p = vi.normal %m, %t : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lp = vi.log_prob %p, %z : f64, f64 -> f64
    vi.yield %lp : f64
  } : f64
  return %e : f64
}

// CHECK-LABEL: func.func @entropy
// CHECK-NEXT:    %[[Q:.*]] = vi.gamma
// CHECK-NEXT:    %[[H:.*]] = vi.entropy %[[Q]] : f64 -> f64
// CHECK-NEXT:    %[[E:.*]] = arith.negf %[[H]] : f64
// CHECK-NEXT:    return %[[E]]
// REMARK: [Passed] entropy | Category:vi-expectations | Remark="entropy of 'z' in closed form"
func.func @entropy(%l: f64, %s: f64) -> f64 {
  %q = vi.gamma %l, %s : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lp = vi.log_prob %q, %z : f64, f64 -> f64
    vi.yield %lp : f64
  } : f64
  return %e : f64
}

// KL(q || q) = 0, before CSE makes one distribution of both and after.
// CHECK-LABEL: func.func @itself
// CHECK-NEXT:    %[[ZERO:.*]] = arith.constant 0.000000e+00 : f64
// CHECK-NEXT:    return %[[ZERO]]
// CSE-LABEL:   func.func @itself
// CSE-NEXT:      %[[ZERO:.*]] = arith.constant 0.000000e+00 : f64
// CSE-NEXT:      return %[[ZERO]]
// REMARK: [Passed] kl | Category:vi-expectations | Remark="KL(q || p) of 'z' is zero: q is p"
func.func @itself(%l: f64, %s: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %p = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lp = vi.log_prob %p, %z : f64, f64 -> f64
    %lq = vi.log_prob %q, %z : f64, f64 -> f64
    %d = arith.subf %lp, %lq : f64
    vi.yield %d : f64
  } : f64
  return %e : f64
}

// The same of a family whose entropy has no closed form, beside another term
// in which the shared log-density does not enter linearly.
// CHECK-LABEL: func.func @itself_without_entropy
// CHECK:         vi.expect
// CHECK:           %[[L:.*]] = vi.log_prob
// CHECK-NEXT:      %[[E:.*]] = math.exp %[[L]]
// CHECK-NEXT:      vi.yield %[[E]]
// CSE-LABEL:   func.func @itself_without_entropy
// CSE:           vi.expect
// CSE:             %[[L:.*]] = vi.log_prob
// CSE-NEXT:        %[[E:.*]] = math.exp %[[L]]
// CSE-NEXT:        vi.yield %[[E]]
func.func @itself_without_entropy(%n: f64, %l: f64, %s: f64) -> f64 {
  %q = vi.student_t %n, %l, %s : f64, f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lp = vi.log_prob %q, %z : f64, f64 -> f64
    %density = math.exp %lp : f64
    %t = arith.addf %density, %lp : f64
    %d = arith.subf %t, %lp : f64
    vi.yield %d : f64
  } : f64
  return %e : f64
}

// Terms of different results are no pair.
// CHECK-LABEL: func.func @results
// CHECK-DAG:     %[[C:.*]] = vi.cross_entropy
// CHECK-DAG:     %[[H:.*]] = vi.entropy
// CHECK-DAG:     %[[N:.*]] = arith.negf %[[C]]
// CHECK:         return %[[N]], %[[H]]
func.func @results(%l: f64, %s: f64) -> (f64, f64) {
  %q = vi.normal %l, %s : f64, f64
  %p = vi.normal %s, %s : f64, f64
  %e:2 = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lp = vi.log_prob %p, %z : f64, f64 -> f64
    %lq = vi.log_prob %q, %z : f64, f64 -> f64
    %n = arith.negf %lq : f64
    vi.yield %lp, %n : f64, f64
  } : f64, f64
  return %e#0, %e#1 : f64, f64
}

// The prior of z depends on w, which the guide draws given z: the divergence given
// w is none of q(z). Nothing may be replaced.
// CHECK-LABEL: func.func @dependent
// CHECK-NOT:     vi.kl
// CHECK-NOT:     vi.cross_entropy
// CHECK:         vi.expect {
// CHECK:           %[[Z:.*]] = vi.draw "z"
// CHECK:           %[[W:.*]] = vi.draw "w"
// CHECK:           %[[P:.*]] = vi.normal %[[W]], %arg1
// CHECK:           vi.log_prob %[[P]], %[[Z]]
// CHECK:         } : f64
// REMARK: [Missed] cross-entropy | Category:vi-expectations | Reason="the distribution of 'z' depends on 'z' through other latents"
func.func @dependent(%l: f64, %s: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %qw = vi.normal %z, %s : f64, f64
    %w = vi.draw "w" from %qw : f64
    %p = vi.normal %w, %s : f64, f64
    %lp = vi.log_prob %p, %z : f64, f64 -> f64
    vi.yield %lp : f64
  } : f64
  return %e : f64
}

// What no draw reaches leaves the expectation; factors stay with their summand.
// CHECK-LABEL: func.func @linear
// CHECK:         %[[E:.*]] = vi.expect {
// CHECK-NOT:       %arg3
// CHECK:           vi.yield
// CHECK:         %[[SUM:.*]] = arith.addf %arg3, %[[E]] : f64
// CHECK:         return %[[SUM]]
func.func @linear(%l: f64, %s: f64, %a: f64, %b: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %f = math.ceil %z : f64
    %g = arith.mulf %f, %a : f64
    %h = arith.addf %g, %b : f64
    vi.yield %h : f64
  } : f64
  return %e : f64
}

// A plate with exact and sampled contributions becomes two, of which one is sampled.
// CHECK-LABEL: func.func @plate
// CHECK:         %[[EXACT:.*]] = vi.plate "p"
// CHECK:           math.cos
// CHECK-NOT:       math.ceil
// CHECK:         %[[SAMPLED:.*]] = vi.expect {
// CHECK-NOT:       math.cos
// CHECK:           vi.plate "p"
// CHECK-NOT:         math.cos
// CHECK:             arith.addf
// CHECK:         } : f64
// CHECK:         %[[SUM:.*]] = arith.addf %[[EXACT]], %[[SAMPLED]] : f64
// CHECK:         return %[[SUM]]
func.func @plate(%n: index, %y: tensor<?xf64>, %l: f64, %s: f64, %zero: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %f = math.ceil %z : f64
    %t = vi.plate "p" %i in %n (%y_i = %y : tensor<?xf64>) sums(%a = %zero : f64) {
      %c = math.cos %y_i : f64
      %d = arith.mulf %f, %y_i : f64
      %b1 = arith.addf %a, %c : f64
      %b2 = arith.addf %b1, %d : f64
      vi.yield sums(%b2 : f64)
    }
    vi.yield %t : f64
  } : f64
  return %e : f64
}

// Neither a divergence nor an expected log-density is known here, and quadrature is
// of functions of normal variables.
// REMARK: [Missed] cross-entropy | Category:vi-expectations | Reason="E_q[log p] of 'z' has no registered closed form"
// REMARK: [Analysis] sampled | Category:vi-expectations | Remark="this log-density is left to the estimator"
// CHECK-LABEL: func.func @sampled
// CHECK:         vi.expect
// CHECK:           vi.log_prob
func.func @sampled(%l: f64, %s: f64, %df: f64) -> f64 {
  %q = vi.laplace %l, %s : f64, f64
  %p = vi.student_t %df, %l, %s : f64, f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lp = vi.log_prob %p, %z : f64, f64 -> f64
    vi.yield %lp : f64
  } : f64
  return %e : f64
}

// A log-density that is no summand of the integrand is no term of the bound; its
// formula is looked at all the same.
// REMARK: [Missed] log-density | Category:vi-expectations | Reason="the log-density of 'z' does not enter the expectation as a summand"
// REMARK: [Passed] exact | Category:vi-expectations | Remark="expected factor in closed form"
// CHECK-LABEL: func.func @square
// CHECK-NOT:     vi.expect
// CHECK:         return
func.func @square(%l: f64, %s: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lq = vi.log_prob %q, %z : f64, f64 -> f64
    %square = arith.mulf %lq, %lq : f64
    vi.yield %square : f64
  } : f64
  return %e : f64
}

// The prior of w depends on z, which is drawn before: the divergence given z, whose
// expectation is left where its formula has no form.
// CHECK-LABEL: func.func @hierarchy
// CHECK:         vi.expect {
// CHECK:           %[[Z:.*]] = vi.draw "z"
// CHECK-NOT:       vi.draw "w"
// CHECK:           %[[T:.*]] = math.ceil %[[Z]]
// CHECK:           %[[P:.*]] = vi.normal %[[T]]
// CHECK:           vi.kl %{{.*}}, %[[P]]
// CHECK:         } : f64
func.func @hierarchy(%l: f64, %s: f64) -> f64 {
  %qz = vi.normal %l, %s : f64, f64
  %qw = vi.normal %s, %l : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %qz : f64
    %w = vi.draw "w" from %qw : f64
    %t = math.ceil %z : f64
    %p = vi.normal %t, %s : f64, f64
    %lp = vi.log_prob %p, %w : f64, f64 -> f64
    %lq = vi.log_prob %qw, %w : f64, f64 -> f64
    %d = arith.subf %lp, %lq : f64
    vi.yield %d : f64
  } : f64
  return %e : f64
}

// The dialect of special functions is in use.
func.func private @special(%x: f64) -> f64 {
  %y = special.softplus %x : f64
  return %y : f64
}
