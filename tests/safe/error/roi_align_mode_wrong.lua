return roi_align {
  channels = 4, height = 9, width = 9, rois = 3, output_size = 2,
  mode = "avg",
}
