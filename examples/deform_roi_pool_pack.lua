-- Deformable RoI pooling as the head of a detector uses it: regular pooling, fully connected layers
-- that make an offset and a mask for every bin from it, then the deformable pooling.
return deform_roi_pool_pack {
  name = "deform_roi_pack", modulation = "mask",
  channels = 32, height = 25, width = 38, rois = param("rois", 20),
  output_size = 7, sampling_ratio = 2, spatial_scale = 1 / 16, gamma = 0.1,
  deform_fc_channels = 64,
}
