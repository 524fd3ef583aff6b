-- Group convolutions of ResNeXt-101 32x4d: 32 groups, plain and deformable, with batch norm folded in.
local function layer(kind, name)
  return kind {
    name = name,
    in_channels = 256, out_channels = 256, height = param("h", 50), width = param("w", 76),
    kernel_size = 3, padding = 1, groups = 32,
    scale_shift = true, activation = "relu", layout = "nhwc",
  }
end
return { layer(conv2d, "group_conv"), layer(deform_conv2d, "group_dcn") }
