// RUN: vi-opt %s --vi-marginalize --split-input-file --verify-diagnostics

// What depends on the values of all members would be a sum over all of their
// combinations.
vi.model @coupled(%n: index, %y: f64) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %coin = vi.bernoulli %half : f64
  %heads = vi.plate "coin" %i in %n sums(%sum = %zero : f64) {
    // expected-error@+1 {{the values of 'z' cannot be summed out one member at a time: they leave the plate, and what depends on several of them would have to be summed over all combinations}}
    %z = vi.sample "z" from %coin : i1
    %head = arith.uitofp %z : i1 to f64
    // expected-note@+1 {{this leaves the plate}}
    %next = arith.addf %sum, %head : f64
    vi.yield sums(%next : f64)
  }
  %seen = vi.normal %heads, %one : f64, f64
  vi.observe "y" from %seen, %y : f64, f64
}

// -----

// A count of how often a state was met has too many values.
vi.model @history(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %coin = vi.bernoulli %half : f64
  %end = scf.for %t = %c0 to %n step %c1 iter_args(%sum = %zero) -> f64 {
    // expected-error@+1 {{the values of 'z' cannot be summed out along the loop: a value that it carries depends on more than the sites of the last iteration, so that the number of its values grows exponentially}}
    %z = vi.sample "z" from %coin : i1
    %head = arith.uitofp %z : i1 to f64
    // expected-note@+1 {{the value is computed here}}
    %next = arith.addf %sum, %head : f64
    %seen = vi.normal %next, %one : f64, f64
    %y_t = tensor.extract %y[%t] : tensor<?xf64>
    vi.observe "y" from %seen, %y_t : f64, f64
    scf.yield %next : f64
  }
}

// -----

vi.model @branch(%here: i1) {
  %half = arith.constant 0.5 : f64
  %coin = vi.bernoulli %half : f64
  // expected-note@+1 {{the branch is here}}
  scf.if %here {
    // expected-error@+1 {{latent site 'z' cannot stand in scf.if: it is there whatever its condition; declare the site outside and use its value inside}}
    %z = vi.sample "z" from %coin : i1
  }
}

// -----

// The number of values of a state depends on the state before.
vi.model @size(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %five = arith.constant 5 : i64
  %half = arith.constant 0.5 : f64
  %end = scf.for %t = %c0 to %n step %c1 iter_args(%before = %five) -> i64 {
    %left = vi.binomial %before, %half : i64, f64
    // expected-error@+1 {{the number of values of 'k' depends on the value of a site that is summed out}}
    %k = vi.sample "k" from %left : i64
    scf.yield %k : i64
  }
  %f = arith.sitofp %end : i64 to f64
  vi.factor "f" %f : f64
}

// -----

// A discrete latent that the guide has, below one that it has not.
vi.model @below(%y: f64) {
  %half = arith.constant 0.5 : f64
  %one = arith.constant 1.0 : f64
  %tenth = arith.constant 0.1 : f64
  %coin = vi.bernoulli %half : f64
  %z = vi.sample "z" from %coin : i1
  %p = arith.select %z, %half, %tenth : f64
  %next = vi.bernoulli %p : f64
  // expected-error@+1 {{the distribution of 'w', which the guide samples, depends on a site that is summed out; the guide must sample that one, too}}
  %w = vi.sample "w" from %next : i1
  %loc = arith.uitofp %w : i1 to f64
  %seen = vi.normal %loc, %one : f64, f64
  vi.observe "y" from %seen, %y : f64, f64
}
vi.guide @half for @below(%y: f64) {
  %p = vi.param "p" unit_interval : f64
  %q = vi.bernoulli %p : f64
  %w = vi.sample "w" from %q : i1
}

// -----

// The members of a plate have a latent of their own, which would be there once
// for each state.
vi.model @beside(%n: index, %y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %half = arith.constant 0.5 : f64
  %one = arith.constant 1.0 : f64
  %unit = vi.normal %zero, %one : f64, f64
  %coin = vi.bernoulli %half : f64
  %z = vi.sample "z" from %coin : i1
  %shift = arith.uitofp %z : i1 to f64
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    // expected-error@+1 {{latent site 'w' stands beside terms that depend on a site which is summed out outside of this plate; put it into a plate or loop of its own, and use its values here}}
    %w = vi.sample "w" from %unit : f64
    %loc = arith.addf %w, %shift : f64
    %seen = vi.normal %loc, %one : f64, f64
    vi.observe "y" from %seen, %y_i : f64, f64
    vi.yield
  }
}
