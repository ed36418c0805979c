// RUN: vi-opt %s --vi-lower-distributions -split-input-file -verify-diagnostics

func.func @no_closed_divergence(%a: f64, %b: f64) -> f64 {
  // expected-note@+1 {{a distribution is here}}
  %q = vi.normal %a, %b : f64, f64
  // expected-note@+1 {{a distribution is here}}
  %p = vi.student_t %b, %a, %b : f64, f64, f64
  // expected-error@+1 {{'vi.kl' op has no closed form for vi.normal and vi.student_t: wrap it in vi.expect, as the expectation of log q(z) - log p(z) over a vi.draw from vi.normal}}
  %d = vi.kl %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

func.func @no_closed_cross_entropy(%a: f64, %b: f64) -> f64 {
  // expected-note@+1 {{a distribution is here}}
  %q = vi.gamma %a, %b : f64, f64
  // expected-note@+1 {{a distribution is here}}
  %p = vi.half_cauchy %b : f64
  // expected-error@+1 {{'vi.cross_entropy' op has no closed form for vi.gamma and vi.half_cauchy}}
  %d = vi.cross_entropy %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

func.func @no_closed_entropy(%a: tensor<?xf64>) -> f64 {
  // expected-note@+1 {{a distribution is here}}
  %q = vi.poisson %a : tensor<?xf64>
  // expected-error@+1 {{'vi.entropy' op has no closed form for vi.poisson}}
  %d = vi.entropy %q : tensor<?xi64> -> f64
  return %d : f64
}

// -----

func.func @unknown_distribution(%q: !vi.dist<f64>, %x: f64) -> f64 {
  // expected-error@+1 {{'vi.log_prob' op has no density for a distribution that is not known here}}
  %d = vi.log_prob %q, %x : f64, f64 -> f64
  return %d : f64
}
