-- Position-sensitive RoI pooling of R-FCN: 21 classes, each with a channel for each of 7x7 bins;
-- whole pixels, and interpolated.
return {
  ps_roi_pool {
    name = "ps_roi_pool_classes", output_dim = 21, group_size = 7, output_size = 7,
    channels = 21 * 49, height = 38, width = 50, rois = 60, spatial_scale = 1 / 16,
    variant = "mxnet",
  },
  ps_roi_align {
    name = "ps_roi_align_classes", output_dim = 21, output_size = 7, sampling_ratio = 2,
    channels = 21 * 49, height = 38, width = 50, rois = 60, spatial_scale = 1 / 16,
  },
}
