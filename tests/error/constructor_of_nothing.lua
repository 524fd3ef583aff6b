return conv2d()
