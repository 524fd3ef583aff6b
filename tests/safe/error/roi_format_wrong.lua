return deform_ps_roi_pool {
  channels = 4, height = 9, width = 9, rois = 3, pooled_size = 2,
  roi_format = "xywh",
}
