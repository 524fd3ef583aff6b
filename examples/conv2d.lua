-- A plain convolution with everything a layer of a network has: stride, bias, activation.
local h, w = param("h", 112), param("w", 112)
return conv2d {
  name = "conv",
  in_channels = 32, out_channels = 64, height = h, width = w,
  kernel_size = 3, stride = 2, padding = 1,
  bias = true, activation = "silu",
}
