// Successes of several trials with a beta prior and guide.

vi.model @beta_binomial(%trials: tensor<?xi64>, %y: tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %a = arith.constant 2.0 : f64
  %b = arith.constant 3.5 : f64
  %N = tensor.dim %y, %c0 : tensor<?xi64>
  %prior = vi.beta %a, %b : f64, f64
  %theta = vi.sample "theta" from %prior : f64
  vi.plate "experiment" %n in %N (%trials_n = %trials : tensor<?xi64>,
                                  %y_n = %y : tensor<?xi64>) {
    %likelihood = vi.binomial %trials_n, %theta : i64, f64
    vi.observe "y" from %likelihood, %y_n : i64, i64
    vi.yield
  }
}

vi.guide @guide for @beta_binomial(%trials: tensor<?xi64>, %y: tensor<?xi64>) {
  %a = vi.param "a" positive : f64
  %b = vi.param "b" positive : f64
  %q = vi.beta %a, %b : f64, f64
  %theta = vi.sample "theta" from %q : f64
}
