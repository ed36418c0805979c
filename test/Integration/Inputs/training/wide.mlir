// The mean of rows of 1024 numbers.

vi.model @wide(%x: tensor<?x1024xf32>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x1024xf32>
  %mu = vi.param "mu" real initial(0.5) : tensor<1024xf32>
  %one = arith.constant 1.0 : f32
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x1024xf32>) {
    %likelihood = vi.normal %mu, %one : tensor<1024xf32>, f32
    vi.observe "x" from %likelihood, %x_n : tensor<1024xf32>, tensor<1024xf32>
    vi.yield
  }
}
