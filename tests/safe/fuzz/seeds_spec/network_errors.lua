local x = input { name = "x", channels = 4, height = 3, width = 3 }
x = add { x, x, conv2d { x, kernel_size = 3, out_channels = 4, offset = x, mask = 3 } }
x.channels = tostring(x)
return { x, network { outputs = { x, y = x }, gradient = { "x", "m.weight" } }, gradient(x), linear { x } }
