-- A deformable convolution along one axis, as for sequences: a row of steps, 31 taps that stand 4 steps apart, and as
-- many outputs as inputs. Offsets and masks come in the planes of MindSpore and Ascend: all dx, all dy, all masks.
local steps = param("w", 400)
return deform_conv2d {
  name = "sequence",
  in_channels = 16, out_channels = 24, height = 1, width = steps,
  kernel_size = {1, 31}, dilation = {1, 4}, padding = "same",
  modulation = "mask", offset_mask = true, offset_order = "xxyy",
  bias = true, activation = "leaky_relu", activation_slope = 0.1,
}
