local a = 1
return conv2d {
  in_channels = 0,
}
