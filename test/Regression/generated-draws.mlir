// A generated draw may be used by what is reported; where draws are not
// generated, all that needs them is left out.
//
// RUN: vi-opt %s --vi-compile-model | FileCheck %s

// CHECK-LABEL: func.func @m_log_joint
// CHECK-NOT: rng.normal
// CHECK: return

// CHECK-LABEL: func.func @m_report
// CHECK: %[[DRAW:.*]] = rng.normal
// CHECK: math.exp
// CHECK: return
vi.model @m(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %p : f64
  %r = vi.predict "r" from %p : f64
  %e = math.exp %r : f64
  vi.deterministic "e" %e : f64
  vi.observe "y" from %p, %y : f64, f64
}
