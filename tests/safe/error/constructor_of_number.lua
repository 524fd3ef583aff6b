return conv2d(3)
