-- DCNv1: every tap has its own offset (dy, dx), four groups of channels have their own offsets.
-- 'border' says what a sample outside the map is worth; "clamp" is the operator of 2017.
return deform_conv2d {
  name = "dcn_v1",
  in_channels = 64, out_channels = 64, height = 38, width = 50,
  kernel_size = 3, padding = 2, dilation = 2,
  offset_groups = 4, modulation = "none", border = param("border", "zero"),
}
