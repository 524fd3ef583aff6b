return deform_roi_pool_pack {
  channels = 256, height = 9, width = 9, rois = 100000, output_size = 14,
}
