-- A 1x1 convolution: a matrix product at every pixel.
return conv2d {
  name = "pointwise",
  in_channels = 256, out_channels = 64, height = 28, width = 28,
  kernel_size = 1, bias = true, activation = "gelu",
}
