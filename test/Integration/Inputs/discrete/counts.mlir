// Counts in a plate, of normal data, with a guide that samples them.
vi.model @counts(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %three = arith.constant 3.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.poisson %three : f64
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    %z = vi.sample "z" from %prior : i64
    %loc = arith.sitofp %z : i64 to f64
    %likelihood = vi.normal %loc, %one : f64, f64
    vi.observe "y" from %likelihood, %y_i : f64, f64
    vi.yield
  }
}
vi.guide @rates for @counts(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %eta = vi.param "eta" real [%n] : tensor<?xf64>
  vi.plate "n" %i in %n (%eta_i = %eta : tensor<?xf64>) {
    %q = vi.poisson_log %eta_i : f64
    %z = vi.sample "z" from %q : i64
    vi.yield
  }
}
