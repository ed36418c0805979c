// A prior whose mean and scale are learned, and a guide of the data.

vi.model @learned_prior(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %m = vi.param "m" real : f64
  %r = vi.param "r" positive : f64
  %s = vi.param "s" positive initial(0.5) : f64
  %prior = vi.normal %m, %r : f64, f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>) {
    %z = vi.sample "z" from %prior : f64
    %likelihood = vi.normal %z, %s : f64, f64
    vi.observe "x" from %likelihood, %x_n : f64, f64
    vi.yield
  }
}

vi.guide @encoder for @learned_prior(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %v = vi.param "v" real initial(0.3) : f64
  %c = vi.param "c" real : f64
  %q_scale = vi.param "q_scale" positive : f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>) {
    %slope = arith.mulf %v, %x_n : f64
    %mean = arith.addf %slope, %c : f64
    %q = vi.normal %mean, %q_scale : f64, f64
    %z = vi.sample "z" from %q : f64
    vi.yield
  }
}
