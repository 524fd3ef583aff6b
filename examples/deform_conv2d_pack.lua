-- The layers that networks use: the convolution that makes offsets and masks from the same input,
-- then the deformable one.  DCNv1; and DCNv2 with batch norm folded in and a residual branch.
local h, w = param("h", 28), param("w", 28)
local function pack(name, more)
  more.name, more.height, more.width = name, h, w
  more.in_channels, more.out_channels, more.kernel_size, more.padding = 64, 64, 3, 1
  return deform_conv2d_pack(more)
end
return {
  pack("dcn_v1_pack", { bias = true }),
  pack("dcn_v2_pack", {
    modulation = "sigmoid", scale_shift = true, residual = true, activation = "relu",
  }),
}
