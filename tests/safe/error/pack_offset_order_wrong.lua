return deform_conv2d_pack { in_channels = 4, out_channels = 4, height = 5, width = 5, kernel_size = 3, offset_order = "xyz" }
