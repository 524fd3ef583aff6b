local x = input { name = "image", channels = 3, height = 224, width = 224 }
local a = conv2d { x, name = "stem", out_channels = 32, kernel_size = 3, stride = 2, padding = 1 }
local o = conv2d { a, name = "c2_offset", out_channels = 18, kernel_size = 3, padding = 1 }
return network {
  outputs = deform_conv2d { a, name = "c2", offset_mask = o, modulation = "sigmoid", out_channels = 32,
    kernel_size = 3, padding = 1 },
}
