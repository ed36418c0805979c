// Models that no functions can be made of.
// RUN: vi-opt %s --vi-entry-points --split-input-file --verify-diagnostics -o /dev/null

// expected-error@+1 {{model @alone has no guide}}
vi.model @alone(%y: f64) {
}

// -----

// expected-error@+1 {{model @several has 2 guides; say which with --guide}}
vi.model @several(%y: f64) {
}
// expected-note@+1 {{@first}}
vi.guide @first for @several(%y: f64) {
}
// expected-note@+1 {{@second}}
vi.guide @second for @several(%y: f64) {
}

// -----

vi.model @bounds(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %y, %one : f64, f64
  %z = vi.sample "z" from %p : f64
}
vi.guide @hand for @bounds(%y: f64) {
  %one = arith.constant 1.0 : f64
  %a = vi.param "a" real : f64
  // expected-error@+1 {{the bounds of a parameter must be functions of the data alone}}
  %b = vi.param "b" greater_than bounds(%a : f64) initial(1.0 : f64) : f64
  %q = vi.normal %b, %one : f64, f64
  %z = vi.sample "z" from %q : f64
}

// -----

vi.model @members(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %y, %one : f64, f64
  %a = vi.param "a" real : f64
  %integer = arith.fptosi %a : f64 to i64
  %n = arith.index_cast %integer : i64 to index
  // expected-error@+1 {{the number of members of plate 'obs' must be a function of the data alone}}
  vi.plate "obs" %i in %n {
    vi.observe "y" from %p, %y : f64, f64
  }
}
vi.guide @none for @members(%y: f64) {
}

// -----

vi.model @dimension(%y: f64) {
  %a = vi.param "a" real : f64
  %integer = arith.fptosi %a : f64 to i64
  %n = arith.index_cast %integer : i64 to index
  // expected-error@+1 {{dimension 0 of parameter 'b' must be a function of the data alone}}
  %b = vi.param "b" real [%n] : tensor<?xf64>
}
vi.guide @none for @dimension(%y: f64) {
}

// -----

vi.model @m(%k: tensor<?xi64>, %n: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = vi.normal %zero, %one : f64, f64
  %a = vi.sample "a" from %p : f64 -> tensor<3xf64>
  vi.plate "obs" %i in %n (%k_i = %k : tensor<?xi64>) {
    %j = arith.index_cast %k_i : i64 to index
    // expected-error@+1 {{argument 'k' holds indices of site 'a' and must say so, that they can be checked: {vi.index = #vi.index<base = 1, size = ...>}}}
    %a_i = tensor.extract %a[%j] : tensor<3xf64>
    vi.factor "f" %a_i : f64
  }
}
vi.guide @g for @m(%k: tensor<?xi64>, %n: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %q = vi.normal %zero, %one : f64, f64
  %a = vi.sample "a" from %q : f64 -> tensor<3xf64>
}
