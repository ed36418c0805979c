// A small autoencoder of four binary numbers, with a latent of each datum.

vi.model @autoencoder(%x: tensor<?x4xi1>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x4xi1>
  %W = vi.param "W" real initial(#vi.init<glorot_normal>) : tensor<4x2xf64>
  %b = vi.param "b" real : tensor<4xf64>
  %standard = vi.normal %zero, %one : f64, f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x4xi1>) {
    %z = vi.sample "z" from %standard : f64 -> tensor<2xf64>
    %logits = linalg.matvec ins(%W, %z : tensor<4x2xf64>, tensor<2xf64>)
        outs(%b : tensor<4xf64>) -> tensor<4xf64>
    %likelihood = vi.bernoulli_logits %logits : tensor<4xf64>
    vi.observe "x" from %likelihood, %x_n : tensor<4xi1>, tensor<4xi1>
    vi.yield
  }
}

vi.guide @encoder for @autoencoder(%x: tensor<?x4xi1>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x4xi1>
  %V = vi.param "V" real initial(#vi.init<he_uniform, 0.5>) : tensor<2x4xf64>
  %c = vi.param "c" real : tensor<2xf64>
  %s = vi.param "s" positive : tensor<2xf64>
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x4xi1>) {
    %pixels = arith.uitofp %x_n : tensor<4xi1> to tensor<4xf64>
    %mean = linalg.matvec ins(%V, %pixels : tensor<2x4xf64>, tensor<4xf64>)
        outs(%c : tensor<2xf64>) -> tensor<2xf64>
    %q = vi.normal %mean, %s : tensor<2xf64>, tensor<2xf64>
    %z = vi.sample "z" from %q : tensor<2xf64>
    vi.yield
  }
}
