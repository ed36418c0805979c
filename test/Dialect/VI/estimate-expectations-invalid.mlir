// Draws that have no pathwise derivative.
// RUN: vi-opt %s --vi-estimate-expectations --split-input-file --verify-diagnostics -o /dev/null

func.func @discrete(%r: f64, %noise: tensor<?x?xf64> {vi.noise}) -> f64 {
  %q = vi.poisson %r : f64
  %m = vi.expect {
    // expected-error@+1 {{'vi.draw' op of site 'k' has no pathwise derivative, and its terms have no closed form; a discrete latent must be summed out}}
    %k = vi.draw "k" from %q : i64
    %x = arith.sitofp %k : i64 to f64
    vi.yield %x : f64
  } : f64
  return %m : f64
}

// -----

func.func @differentiated(%r: f64) -> f64 attributes {vi.differentiate = "g", vi.wrt = [0]} {
  %q = vi.bernoulli %r : f64
  %m = vi.expect {
    // expected-error@+1 {{'vi.draw' op of site 'k' has no pathwise derivative}}
    %k = vi.draw "k" from %q : i1
    %x = arith.uitofp %k : i1 to f64
    vi.yield %x : f64
  } : f64
  return %m : f64
}

// -----

// Whole tensors of draws are plates by now.
func.func @batch(%l: f64, %noise: tensor<?x?xf64> {vi.noise}) -> f64 {
  %q = vi.normal %l, %l : f64, f64
  %c0 = arith.constant 0 : index
  %m = vi.expect {
    // expected-error@+1 {{a draw of 'tensor<3x2xf64>' from a distribution over 'f64' has independent members; run vi-raise-to-plates first}}
    %z = vi.draw "z" from %q : f64 -> tensor<3x2xf64>
    %x = tensor.extract %z[%c0, %c0] : tensor<3x2xf64>
    vi.yield %x : f64
  } : f64
  return %m : f64
}
