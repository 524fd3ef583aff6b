return roi_align {
  batch = 2, channels = 4, height = 9, width = 9, rois = 3, output_size = 2,
  roi_format = "xyxy",
}
