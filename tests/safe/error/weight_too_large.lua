return conv2d {
  in_channels = 65536, height = 3, width = 3, out_channels = 65536,
  kernel_size = 3,
}
