return deform_conv2d {
  in_channels = 8, height = 9, width = 9, out_channels = 8,
  kernel_size = 3,
  bias = "true",
}
