return conv2d {
  in_channels = 8, width = 9, out_channels = 8, kernel_size = 1,
  height = "dynamic",
}
