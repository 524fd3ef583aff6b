return deform_conv2d {
  name = "k", batch = dynamic, in_channels = 8, height = 20, width = 20, out_channels = 4,
  kernel_size = {3, 5}, stride = 2, padding = {1, 2, 3, 4}, dilation = {1, 2}, groups = 2,
  offset_groups = 4, modulation = "softmax", modulation_scale = 0.5, border = "clamp",
  offset_order = "xy", bias = true, activation = "clip", activation_min = -0.5, dtype = "f64", layout = "nhwc",
  target = "native", schedule = { "tiled", mr = 6 }, gradient = false,
}
