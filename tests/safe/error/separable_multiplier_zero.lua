return separable_conv2d { in_channels = 4, out_channels = 4, height = 5, width = 5, kernel_size = 3, depth_multiplier = 0 }
