// Programs and bounds that have no expansion.
// RUN: vi-opt %s --vi-expand-elbo --split-input-file --verify-diagnostics -o /dev/null

vi.model @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>) {
    vi.observe "y" from %p, %y_i : f64, f64
  }
}
vi.guide @g for @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
}
func.func @f(%n: index, %y: tensor<?xf64>, %phi: tensor<?xf64>, %s: f64) -> f64 {
  // expected-error@+1 {{'vi.elbo' op has 2 batch operands; model @m has 1 data plates, of three operands each}}
  %e = vi.elbo @m, @g data(%n, %y : index, tensor<?xf64>) parameters(%phi) batches(%n, %n : index, index) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

vi.model @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>) {
    vi.observe "y" from %p, %y_i : f64, f64
  }
}
vi.guide @g for @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
}
func.func @f(%n: index, %y: tensor<?xf64>, %phi: tensor<?xf64>, %s: f64) -> f64 {
  // expected-error@+1 {{'vi.elbo' op batch of plate 'obs' must be two of index (begin, end) and a scale of 'f64'}}
  %e = vi.elbo @m, @g data(%n, %y : index, tensor<?xf64>) parameters(%phi) batches(%n, %s, %s : index, f64, f64) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

vi.model @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{sites may stand in plates, scf.for and scf.if, not in scf.while}}
  %end = scf.while (%i = %c0) : (index) -> index {
    %c = arith.cmpi slt, %i, %n : index
    scf.condition(%c) %i : index
  } do {
  ^bb0(%i: index):
    vi.factor "f" %one : f64
    scf.yield %n : index
  }
}
vi.guide @g for @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
}
func.func @f(%n: index, %y: tensor<?xf64>, %phi: tensor<?xf64>, %s: f64) -> f64 {
  %e = vi.elbo @m, @g data(%n, %y : index, tensor<?xf64>) parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

vi.model @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %c = arith.constant true
  // expected-note@+1 {{the branch is here}}
  scf.if %c {
    // expected-error@+1 {{latent and reported sites cannot stand in scf.if: they are there whatever its condition; declare the site outside and use its value inside}}
    %x = vi.sample "x" from %p : f64
  }
}
vi.guide @g for @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
  %x = vi.sample "x" from %q : f64
}
func.func @f(%n: index, %y: tensor<?xf64>, %phi: tensor<?xf64>, %s: f64) -> f64 {
  %e = vi.elbo @m, @g data(%n, %y : index, tensor<?xf64>) parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

vi.model @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %r = vi.predict "r" from %p : f64
  // expected-error@+1 {{the log-density must not depend on a generated draw (vi.predict)}}
  vi.factor "f" %r : f64
}
vi.guide @g for @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
}
func.func @f(%n: index, %y: tensor<?xf64>, %phi: tensor<?xf64>, %s: f64) -> f64 {
  %e = vi.elbo @m, @g data(%n, %y : index, tensor<?xf64>) parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}
