// The rate of each count grows with the logarithm of a covariate, which is not
// a number where the covariate is negative.

vi.model @logarithm(%x: tensor<?xf64>, %y: tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %y, %c0 : tensor<?xi64>
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %prior = vi.normal %zero, %one : f64, f64
  %slope = vi.sample "slope" from %prior : f64
  vi.plate "obs" %n in %N (%x_n = %x : tensor<?xf64>,
                           %y_n = %y : tensor<?xi64>) {
    %log_x = math.log %x_n : f64
    %eta = arith.mulf %slope, %log_x : f64
    %likelihood = vi.poisson_log %eta : f64
    vi.observe "y" from %likelihood, %y_n : i64, i64
    vi.yield
  }
}
