// Models for which no guide can be made.
// RUN: vi-opt %s --vi-auto-guide --split-input-file --verify-diagnostics -o /dev/null
// RUN: vi-opt %s --vi-auto-guide=family=delta --split-input-file --verify-diagnostics -o /dev/null
// RUN: vi-opt %s --vi-auto-guide=family=fullrank --split-input-file --verify-diagnostics -o /dev/null

vi.model @discrete(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.poisson %one : f64
  // expected-error@+1 {{'vi.sample' op 'k' is not on the real line: no guide can be made for it (a discrete latent needs a guide written by hand}}
  %k = vi.sample "k" from %p : i64
}

// -----

vi.model @constrained(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.exponential %one : f64
  // expected-error@+1 {{'vi.sample' op 's' is not on the real line}}
  %s = vi.sample "s" from %p : f64
}

// -----

vi.model @members(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %p : f64
  %integer = arith.fptosi %a : f64 to i64
  %n = arith.index_cast %integer : i64 to index
  // expected-note@+1 {{the plate is here}}
  vi.plate "p" %i in %n {
    // expected-error@+1 {{the number of members of plate 'p' must be a function of the data alone, as it is a dimension of the site in it}}
    %b = vi.sample "b" from %p : f64
  }
}

// -----

vi.model @size(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %p : f64
  %integer = arith.fptosi %a : f64 to i64
  %n = arith.index_cast %integer : i64 to index
  // expected-error@+1 {{dimension 0 of the site must be a function of the data alone}}
  %b = vi.sample "b" from %p [%n] : f64 -> tensor<?xf64>
}

// -----

// The length of a sequence is a dimension of its site.
vi.model @length(%y: f64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %p : f64
  %integer = arith.fptosi %a : f64 to i64
  %n = arith.index_cast %integer : i64 to index
  // expected-note@+1 {{the loop is here}}
  scf.for %t = %c0 to %n step %c1 {
    // expected-error@+1 {{the number of iterations of the loop must be a function of the data alone, as it is a dimension of the site in it}}
    %x = vi.sample "x" from %p : f64
  }
}
