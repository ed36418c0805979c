// A linear autoencoder in one dimension: x ~ N(a z + b, sigma^2), z ~ N(0, 1),
// q(z) = N(w x + c, s^2), everything learned.

vi.model @linear_vae(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %a = vi.param "a" real initial(0.5) : f64
  %b = vi.param "b" real : f64
  %sigma = vi.param "sigma" positive : f64
  %standard = vi.normal %zero, %one : f64, f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>) {
    %z = vi.sample "z" from %standard : f64
    %slope = arith.mulf %a, %z : f64
    %mean = arith.addf %slope, %b : f64
    %likelihood = vi.normal %mean, %sigma : f64, f64
    vi.observe "x" from %likelihood, %x_n : f64, f64
    vi.yield
  }
}

vi.guide @encoder for @linear_vae(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %w = vi.param "w" real initial(0.3) : f64
  %c = vi.param "c" real : f64
  %s = vi.param "s" positive : f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>) {
    %slope = arith.mulf %w, %x_n : f64
    %mean = arith.addf %slope, %c : f64
    %q = vi.normal %mean, %s : f64, f64
    %z = vi.sample "z" from %q : f64
    vi.yield
  }
}
