return conv2d { name = "first", in_channels = param("channels", 1), height = 3, width = 3, out_channels = 1, kernel_size = 1 }
