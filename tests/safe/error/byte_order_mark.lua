return conv2d { in_channels = 0 }
