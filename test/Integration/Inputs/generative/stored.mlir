// Latents whose guide is stored, a location and a scale for each datum, and one
// that adds a correction of each datum's own to a function of the data.

vi.model @stored(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %b = vi.param "b" real : f64
  %s = vi.param "s" positive : f64
  %standard = vi.normal %zero, %one : f64, f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>) {
    %z = vi.sample "z" from %standard : f64
    %mean = arith.addf %z, %b : f64
    %likelihood = vi.normal %mean, %s : f64, f64
    vi.observe "x" from %likelihood, %x_n : f64, f64
    vi.yield
  }
}

vi.guide @semi_amortized for @stored(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %v = vi.param "v" real initial(0.3) : f64
  %own = vi.param "own" real [%N] : tensor<?xf64>
  %q_scale = vi.param "q_scale" positive : f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>,
                              %own_n = %own : tensor<?xf64>) {
    %slope = arith.mulf %v, %x_n : f64
    %mean = arith.addf %slope, %own_n : f64
    %q = vi.normal %mean, %q_scale : f64, f64
    %z = vi.sample "z" from %q : f64
    vi.yield
  }
}
