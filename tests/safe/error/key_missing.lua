return conv2d {
  in_channels = 8,
  height = 9,
  width = 9,
  kernel_size = 3,
}
