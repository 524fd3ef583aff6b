return deform_conv2d {
  in_channels = 65536, height = dynamic, width = 1, out_channels = 1, offset_groups = 65536,
  kernel_size = 63, padding = 4096, groups = 1, layout = "nhwc",
}
