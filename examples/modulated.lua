-- DCNv2: a mask weighs every tap.  The three ways to make it from the mask tensor, as three
-- kernels: the values as given, a sigmoid of logits, a softmax of logits over the taps of a pixel.
local kernels = {}
for _, modulation in ipairs { "mask", "sigmoid", "softmax" } do
  kernels[#kernels + 1] = deform_conv2d {
    name = "dcn_v2_" .. modulation, modulation = modulation,
    in_channels = 32, out_channels = 48, height = 30, width = 40,
    kernel_size = 3, padding = 1, groups = 2, offset_groups = 4,
    bias = true, activation = "relu",
  }
end
return kernels
