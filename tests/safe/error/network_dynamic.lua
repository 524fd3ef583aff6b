local x = input {
  name = "image", channels = 3,
  height = dynamic, width = 224,
}
return network { outputs = { y = conv2d { x, out_channels = 4, kernel_size = 1 } } }
