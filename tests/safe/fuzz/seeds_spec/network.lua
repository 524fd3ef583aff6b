local x = input { name = "image", channels = 8, height = param("h", 14), width = 14, batch = 2 }
local o = conv2d { x, name = "s.0.off", out_channels = 27, kernel_size = 3, padding = "same", bias = true }
local y = deform_conv2d { x, name = "s.0.dcn", offset_mask = o, modulation = "sigmoid", out_channels = 8,
  kernel_size = 3, padding = 1, residual = x.channels == 8 and x, activation = "relu", scale_shift = true }
y = add { y, avg_pool2d { y, output_size = 1 }, x, activation = "silu" }
y = mul { concat { y, max_pool2d { y, kernel_size = 3, stride = 1, padding = 1 }, times = 2 }, name = "gamma" }
local a, b = split { y, parts = 2 }
y = layer_norm { mul { a, b, scale = 0.5 }, eps = 1e-6 }
y = activation { resize { slice { y, from = 1, count = 4 }, scale = 2, mode = "bilinear" }, "leaky_relu" }
y = blend { y, unflatten { flatten { y }, size = { y.height, y.width } }, slice { y, count = 2 } }
local net = network { name = "net", outputs = { y = linear { y, out_features = 3 }, a = a }, layout = "nhwc" }
return { net, gradient(net, { "image", "gamma.weight", "parameters" }) }
