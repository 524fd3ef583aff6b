local x = input { name = "image", channels = 3, height = 224, width = 224 }
return conv2d { x, name = "stem", out_channels = 32, kernel_size = 3, stride = 2, padding = 1 }
