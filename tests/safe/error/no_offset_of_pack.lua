return deform_roi_pool_pack {
  channels = 4, height = 9, width = 9, rois = 3, output_size = 2,
  no_offset = true,
}
