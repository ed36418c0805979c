// Two responses of three covariates, everything learned: the bound is the
// log-likelihood.

vi.model @regression(%x: tensor<?x3xf64>, %y: tensor<?x2xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x3xf64>
  %W = vi.param "W" real initial(0.25) : tensor<2x3xf64>
  %b = vi.param "b" real initial(-0.5) : tensor<2xf64>
  %sigma = vi.param "sigma" positive : f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x3xf64>,
                              %y_n = %y : tensor<?x2xf64>) {
    %mean = linalg.matvec ins(%W, %x_n : tensor<2x3xf64>, tensor<3xf64>)
        outs(%b : tensor<2xf64>) -> tensor<2xf64>
    %likelihood = vi.normal %mean, %sigma : tensor<2xf64>, f64
    vi.observe "y" from %likelihood, %y_n : tensor<2xf64>, tensor<2xf64>
    vi.yield
  }
}
