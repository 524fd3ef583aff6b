local k = conv2d { name = "a123456789012345678901234567890123456789012", in_channels = 8, height = 9, width = 9,
  out_channels = 8, kernel_size = 3 }
return gradient(k)
