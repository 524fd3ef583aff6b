-- A depthwise separable convolution, as in MobileNet and Xception: one filter per channel, then a
-- 1x1 convolution, with batch norm folded in.
return separable_conv2d {
  name = "separable",
  in_channels = 64, out_channels = 128, height = param("h", 56), width = param("w", 56),
  kernel_size = 3, padding = 1,
  scale_shift = true, activation = "relu", layout = "nhwc",
}
