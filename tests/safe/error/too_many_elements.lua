return conv2d {
  in_channels = 4096, height = 1024, width = 1024, out_channels = 8,
  kernel_size = 3,
}
