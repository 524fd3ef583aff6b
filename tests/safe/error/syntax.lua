return conv2d {
  in_channels = 8,
  height 9,
}
