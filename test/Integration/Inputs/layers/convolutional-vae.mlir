// A variational autoencoder of 8 x 8 bits: two convolutions of stride 2 encode,
// two transposed ones decode. f32, with the layers of lib/Layers/layers.mlir.

vi.model @convolutional_vae(%x: tensor<?x64xi1>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %N = tensor.dim %x, %c0 : tensor<?x64xi1>
  %W = vi.param "W" real initial(#vi.init<he_normal>) : tensor<64x6xf32>
  %b = vi.param "b" real : tensor<64xf32>
  %F1 = vi.param "F1" real initial(#vi.init<normal, 0.2>) : tensor<16x8x2x2xf32>
  %b1 = vi.param "b1" real : tensor<8xf32>
  %F2 = vi.param "F2" real initial(#vi.init<normal, 0.2>) : tensor<8x1x4x4xf32>
  %b2 = vi.param "b2" real : tensor<1xf32>
  %standard = vi.normal %zero, %one : f32, f32
  vi.plate "image" %n in %N (%x_n = %x : tensor<?x64xi1>) {
    %z = vi.sample "z" from %standard : f32 -> tensor<6xf32>
    %d = vi.call @dense(%W, %b, %z)
        : (tensor<64x6xf32>, tensor<64xf32>, tensor<6xf32>) -> tensor<64xf32>
    %r = vi.call @relu(%d) : (tensor<64xf32>) -> tensor<64xf32>
    %h = tensor.expand_shape %r [[0, 1, 2]] output_shape [16, 2, 2]
        : tensor<64xf32> into tensor<16x2x2xf32>
    %h1 = vi.call @transposed_convolution_stride2(%F1, %b1, %h)
        : (tensor<16x8x2x2xf32>, tensor<8xf32>, tensor<16x2x2xf32>)
        -> tensor<8x4x4xf32>
    %a1 = math.tanh %h1 : tensor<8x4x4xf32>
    %wide = vi.call @transposed_convolution_stride2(%F2, %b2, %a1)
        : (tensor<8x1x4x4xf32>, tensor<1xf32>, tensor<8x4x4xf32>)
        -> tensor<1x10x10xf32>
    // The margin of one is what a padding of one takes away.
    %image = tensor.extract_slice %wide[0, 1, 1] [1, 8, 8] [1, 1, 1]
        : tensor<1x10x10xf32> to tensor<1x8x8xf32>
    %logits = tensor.collapse_shape %image [[0, 1, 2]]
        : tensor<1x8x8xf32> into tensor<64xf32>
    %likelihood = vi.bernoulli_logits %logits : tensor<64xf32>
    vi.observe "x" from %likelihood, %x_n : tensor<64xi1>, tensor<64xi1>
    vi.yield
  }
}

vi.guide @encoder for @convolutional_vae(%x: tensor<?x64xi1>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?x64xi1>
  %F1 = vi.param "E1" real initial(#vi.init<normal, 0.3>) : tensor<8x1x3x3xf32>
  %b1 = vi.param "c1" real : tensor<8xf32>
  %F2 = vi.param "E2" real initial(#vi.init<normal, 0.2>) : tensor<16x8x2x2xf32>
  %b2 = vi.param "c2" real : tensor<16xf32>
  %M = vi.param "mean_weights" real : tensor<6x64xf32>
  %m = vi.param "mean_bias" real : tensor<6xf32>
  %S = vi.param "scale_weights" real : tensor<6x64xf32>
  %s = vi.param "scale_bias" real : tensor<6xf32>
  vi.plate "image" %n in %N (%x_n = %x : tensor<?x64xi1>) {
    %pixels = arith.uitofp %x_n : tensor<64xi1> to tensor<64xf32>
    %image = tensor.expand_shape %pixels [[0, 1, 2]] output_shape [1, 8, 8]
        : tensor<64xf32> into tensor<1x8x8xf32>
    %wide = vi.call @zero_pad(%image) : (tensor<1x8x8xf32>) -> tensor<1x10x10xf32>
    %h1 = vi.call @convolution_stride2(%F1, %b1, %wide)
        : (tensor<8x1x3x3xf32>, tensor<8xf32>, tensor<1x10x10xf32>)
        -> tensor<8x4x4xf32>
    %a1 = math.tanh %h1 : tensor<8x4x4xf32>
    %h2 = vi.call @convolution_stride2(%F2, %b2, %a1)
        : (tensor<16x8x2x2xf32>, tensor<16xf32>, tensor<8x4x4xf32>)
        -> tensor<16x2x2xf32>
    %a2 = math.tanh %h2 : tensor<16x2x2xf32>
    %h = tensor.collapse_shape %a2 [[0, 1, 2]]
        : tensor<16x2x2xf32> into tensor<64xf32>
    %mean = vi.call @dense(%M, %m, %h)
        : (tensor<6x64xf32>, tensor<6xf32>, tensor<64xf32>) -> tensor<6xf32>
    %log_scale = vi.call @dense(%S, %s, %h)
        : (tensor<6x64xf32>, tensor<6xf32>, tensor<64xf32>) -> tensor<6xf32>
    %scale = math.exp %log_scale : tensor<6xf32>
    %q = vi.normal %mean, %scale : tensor<6xf32>, tensor<6xf32>
    %z = vi.sample "z" from %q : tensor<6xf32>
    vi.yield
  }
}
