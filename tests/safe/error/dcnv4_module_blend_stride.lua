return dcnv4_module {
  channels = 8, height = 9, width = 9, groups = 2,
  center_feature_scale = true, without_pointwise = true, stride = 2,
}
