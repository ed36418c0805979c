// A regression of images on images through convolutions.

vi.model @layers(%x: tensor<?x2x5x5xf64>, %y: tensor<?x2x7x7xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?x2x5x5xf64>
  %F1 = vi.param "F1" real initial(#vi.init<glorot_uniform>) : tensor<3x2x3x3xf64>
  %b1 = vi.param "b1" real : tensor<3xf64>
  %F2 = vi.param "F2" real initial(#vi.init<glorot_uniform>) : tensor<4x3x2x2xf64>
  %b2 = vi.param "b2" real : tensor<4xf64>
  %F3 = vi.param "F3" real initial(#vi.init<glorot_uniform>) : tensor<4x3x3x2xf64>
  %b3 = vi.param "b3" real : tensor<3xf64>
  %F4 = vi.param "F4" real initial(#vi.init<glorot_uniform>) : tensor<3x2x3x3xf64>
  %b4 = vi.param "b4" real : tensor<2xf64>
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?x2x5x5xf64>,
                              %y_n = %y : tensor<?x2x7x7xf64>) {
    %h1 = vi.call @zero_pad(%x_n) : (tensor<2x5x5xf64>) -> tensor<2x7x7xf64>
    %h2 = vi.call @convolution_stride2(%F1, %b1, %h1)
        : (tensor<3x2x3x3xf64>, tensor<3xf64>, tensor<2x7x7xf64>)
        -> tensor<3x3x3xf64>
    %h3 = math.tanh %h2 : tensor<3x3x3xf64>
    %h4 = vi.call @convolution(%F2, %b2, %h3)
        : (tensor<4x3x2x2xf64>, tensor<4xf64>, tensor<3x3x3xf64>)
        -> tensor<4x2x2xf64>
    %h5 = math.tanh %h4 : tensor<4x2x2xf64>
    %h6 = vi.call @transposed_convolution(%F3, %b3, %h5)
        : (tensor<4x3x3x2xf64>, tensor<3xf64>, tensor<4x2x2xf64>)
        -> tensor<3x4x3xf64>
    %h7 = math.tanh %h6 : tensor<3x4x3xf64>
    %h8 = tensor.extract_slice %h7[0, 1, 0] [3, 3, 3] [1, 1, 1]
        : tensor<3x4x3xf64> to tensor<3x3x3xf64>
    %mean = vi.call @transposed_convolution_stride2(%F4, %b4, %h8)
        : (tensor<3x2x3x3xf64>, tensor<2xf64>, tensor<3x3x3xf64>)
        -> tensor<2x7x7xf64>
    %likelihood = vi.normal %mean, %one : tensor<2x7x7xf64>, f64
    vi.observe "y" from %likelihood, %y_n : tensor<2x7x7xf64>, tensor<2x7x7xf64>
    vi.yield
  }
}
