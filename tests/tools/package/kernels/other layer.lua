return {
  conv2d { name = "other", in_channels = 1, height = 2, width = 2, out_channels = 1, kernel_size = 1 },
  conv2d { name = "unused", in_channels = 1, height = 2, width = 2, out_channels = 1, kernel_size = 1 },
}
