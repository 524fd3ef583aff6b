-- A 3x3 mean of a map that is sampled half a pixel to the right: enough to see which variant runs.
return deform_conv2d {
  name = "shift",
  in_channels = 8, out_channels = 8, groups = 8, height = 64, width = 64,
  kernel_size = 3, padding = 1, layout = "nhwc",
}
