return dcnv3 {
  channels = 8, groups = 2, height = 9, width = 9,
  dilation = 65,
}
