return conv2d({}, {})
