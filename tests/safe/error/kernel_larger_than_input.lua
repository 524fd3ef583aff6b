return conv2d {
  in_channels = 8, height = 5, width = 9, out_channels = 8, padding = 1,
  kernel_size = 3,
  dilation = 4,
}
