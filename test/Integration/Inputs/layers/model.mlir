// A regression through the layers of lib/Layers/layers.mlir.

vi.model @layers(%x: tensor<?x6xf64>,
                 %group: tensor<?xi64> {vi.index = #vi.index<base = 0, size = 5>},
                 %y: tensor<?x3xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x6xf64>
  %table = vi.param "table" real initial(#vi.init<normal, 0.5>) : tensor<5x4xf64>
  %W1 = vi.param "W1" real initial(#vi.init<glorot_uniform>) : tensor<8x6xf64>
  %b1 = vi.param "b1" real : tensor<8xf64>
  %gain = vi.param "gain" real initial(1.0) : tensor<8xf64>
  %bias = vi.param "bias" real : tensor<8xf64>
  %W2 = vi.param "W2" real initial(#vi.init<he_normal>) : tensor<4x8xf64>
  %b2 = vi.param "b2" real : tensor<4xf64>
  %W3 = vi.param "W3" real initial(#vi.init<he_uniform>) : tensor<3x4xf64>
  %b3 = vi.param "b3" real : tensor<3xf64>
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x6xf64>,
                              %group_n = %group : tensor<?xi64>,
                              %y_n = %y : tensor<?x3xf64>) {
    %h1 = vi.call @dense(%W1, %b1, %x_n)
        : (tensor<8x6xf64>, tensor<8xf64>, tensor<6xf64>) -> tensor<8xf64>
    %h2 = vi.call @layer_norm(%gain, %bias, %h1)
        : (tensor<8xf64>, tensor<8xf64>, tensor<8xf64>) -> tensor<8xf64>
    %h3 = vi.call @gelu(%h2) : (tensor<8xf64>) -> tensor<8xf64>
    %h4 = vi.call @dense(%W2, %b2, %h3)
        : (tensor<4x8xf64>, tensor<4xf64>, tensor<8xf64>) -> tensor<4xf64>
    %i = arith.index_cast %group_n : i64 to index
    %e = vi.call @embedding(%table, %i) : (tensor<5x4xf64>, index) -> tensor<4xf64>
    %h5 = arith.addf %h4, %e : tensor<4xf64>
    %h6 = vi.call @leaky_relu(%h5) : (tensor<4xf64>) -> tensor<4xf64>
    %h7 = vi.call @silu(%h6) : (tensor<4xf64>) -> tensor<4xf64>
    %h8 = vi.call @log_softmax(%h7) : (tensor<4xf64>) -> tensor<4xf64>
    %t = vi.call @tanh(%h8) : (tensor<4xf64>) -> tensor<4xf64>
    %s = vi.call @softplus(%h8) : (tensor<4xf64>) -> tensor<4xf64>
    %r = vi.call @relu(%h8) : (tensor<4xf64>) -> tensor<4xf64>
    %ts = arith.addf %t, %s : tensor<4xf64>
    %h9 = arith.addf %ts, %r : tensor<4xf64>
    %h10 = vi.call @dense(%W3, %b3, %h9)
        : (tensor<3x4xf64>, tensor<3xf64>, tensor<4xf64>) -> tensor<3xf64>
    %mean = vi.call @sigmoid(%h10) : (tensor<3xf64>) -> tensor<3xf64>
    %likelihood = vi.normal %mean, %one : tensor<3xf64>, f64
    vi.observe "y" from %likelihood, %y_n : tensor<3xf64>, tensor<3xf64>
    vi.yield
  }
}
