// Draws whose terms are no summands of their own.
// RUN: vi-opt %s --vi-enumerate-draws --vi-score-function --split-input-file --verify-diagnostics -o /dev/null

func.func @below(%rate: f64) -> f64 attributes {vi.differentiate = "g"} {
  %one = arith.constant 1.0 : f64
  %q = vi.poisson %rate : f64
  %e = vi.expect {
    // expected-error@+1 {{the gradient of terms of 'z' cannot be taken by the score function of its Markov blanket: the draw of 'w' depends on it}}
    %z = vi.draw "z" from %q : i64
    %loc = arith.sitofp %z : i64 to f64
    %r = vi.normal %loc, %one : f64, f64
    %w = vi.draw "w" from %r : f64
    vi.yield %w : f64
  } : f64
  return %e : f64
}

// -----

func.func @infinite(%rate: f64) -> f64 {
  %q = vi.poisson %rate : f64
  %e = vi.expect {
    // expected-error@+1 {{'z' cannot be enumerated: its values are not finitely many numbers}}
    %z = vi.draw "z" from %q {vi.estimator = "enumeration"} : i64
    %f = arith.sitofp %z : i64 to f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}
