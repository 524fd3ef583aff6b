local h, w = param("h", 50), param("w", 84)
local all = {}
for name, c in pairs { c3 = 128, c4 = 256, c5 = 512 } do
  all[#all + 1] = deform_conv2d { name = "r50_" .. name, in_channels = c, height = h, width = w,
    out_channels = c, kernel_size = 3, padding = 1, modulation = "mask" }
end
return { all, conv2d { in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1 } }
