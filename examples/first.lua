-- The smallest useful spec: one 3x3 deformable convolution, 64 -> 64 channels on a 56x56 map.
return deform_conv2d {
  name = "first",
  in_channels = 64, out_channels = 64, height = 56, width = 56,
  kernel_size = 3, padding = 1,
  modulation = "mask",
}
