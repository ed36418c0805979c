// Latent sites move to the real line; their own scale is reported.
// RUN: vi-opt %s --vi-unconstrain --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: vi.model @supports
vi.model @supports(%low: f64, %a: tensor<3xf64>) {
  %one = arith.constant 1.0 : f64
  // CHECK: %[[N:.*]] = vi.normal
  // CHECK: vi.sample "real" from %[[N]] : f64
  // CHECK-NOT: "real.unconstrained"
  %n = vi.normal %one, %one : f64, f64
  %real = vi.sample "real" from %n : f64
  // CHECK: %[[G:.*]] = vi.gamma
  // CHECK: %[[PG:.*]] = vi.pullback positive %[[G]] : f64 -> f64
  // CHECK: %[[UG:.*]] = vi.sample "positive.unconstrained" from %[[PG]] : f64
  // CHECK: %[[ZG:.*]] = vi.constrain positive %[[UG]] : f64 -> f64
  // CHECK: vi.deterministic "positive" latent %[[ZG]] : f64
  // CHECK: vi.deterministic "use" %[[ZG]] : f64
  %g = vi.gamma %one, %one : f64, f64
  %positive = vi.sample "positive" from %g : f64
  vi.deterministic "use" %positive : f64
  // The bounds depend on another latent.
  // CHECK: %[[U:.*]] = vi.uniform %low, %[[ZG]]
  // CHECK: %[[PU:.*]] = vi.pullback interval %[[U]] bounds(%low, %[[ZG]] : f64, f64) : f64 -> f64
  // CHECK: %[[UU:.*]] = vi.sample "interval.unconstrained" from %[[PU]] : f64
  // CHECK: vi.constrain interval %[[UU]] bounds(%low, %[[ZG]] : f64, f64) : f64 -> f64
  %u = vi.uniform %low, %positive : f64, f64
  %interval = vi.sample "interval" from %u : f64
  // A simplex of three is two numbers.
  // CHECK: %[[D:.*]] = vi.dirichlet
  // CHECK: %[[PD:.*]] = vi.pullback simplex %[[D]] : tensor<3xf64> -> tensor<2xf64>
  // CHECK: %[[UD:.*]] = vi.sample "simplex.unconstrained" from %[[PD]] : tensor<2xf64>
  // CHECK: vi.constrain simplex %[[UD]] : tensor<2xf64> -> tensor<3xf64>
  %d = vi.dirichlet %a : tensor<3xf64>
  %simplex = vi.sample "simplex" from %d : tensor<3xf64>
  // A discrete latent stays.
  // CHECK: %[[B:.*]] = vi.bernoulli
  // CHECK: vi.sample "discrete" from %[[B]] : i1
  %half = arith.constant 0.5 : f64
  %b = vi.bernoulli %half : f64
  %discrete = vi.sample "discrete" from %b : i1
}

// -----

// In a plate each member moves, and the stack is of constrained values.
// CHECK-LABEL: vi.model @plate
// CHECK:         vi.plate "p" %{{.*}} in %n -> tensor<?xf64> {
// CHECK:           %[[U:.*]] = vi.sample "s.unconstrained"
// CHECK:           %[[S:.*]] = vi.constrain unit_interval %[[U]] : f64 -> f64
// CHECK:           vi.deterministic "s" latent %[[S]] : f64
// CHECK:           vi.yield %[[S]] : f64
vi.model @plate(%n: index) {
  %one = arith.constant 1.0 : f64
  %beta = vi.beta %one, %one : f64, f64
  %stack = vi.plate "p" %i in %n -> tensor<?xf64> {
    %s = vi.sample "s" from %beta : f64
    vi.yield %s : f64
  }
}

// A guide written by hand follows, and reports nothing.
// CHECK-LABEL: vi.guide @by_hand for @plate
// CHECK-NOT:     vi.deterministic
// CHECK:         %[[Q:.*]] = vi.beta
// CHECK:         %[[P:.*]] = vi.pullback unit_interval %[[Q]] : f64 -> f64
// CHECK:         vi.sample "s.unconstrained" from %[[P]] : f64
// CHECK-NOT:     vi.deterministic
// CHECK:       }
vi.guide @by_hand for @plate(%n: index) {
  %a = vi.param "a" positive : f64
  %q = vi.beta %a, %a : f64, f64
  vi.plate "p" %i in %n {
    %s = vi.sample "s" from %q : f64
  }
}

// -----

vi.model @choice(%which: i1) {
  %one = arith.constant 1.0 : f64
  %a = vi.exponential %one : f64
  %b = vi.gamma %one, %one : f64, f64
  %either = arith.select %which, %a, %b : !vi.dist<f64>
  // expected-error@+1 {{'vi.sample' op has no known distribution}}
  %x = vi.sample "x" from %either : f64
}
