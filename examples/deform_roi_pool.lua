-- Deformable RoI pooling: DCNv1 moves the bins, DCNv2 also weighs them with a mask.
local function pool(modulation)
  return deform_roi_pool {
    name = "deform_roi_pool_" .. modulation, modulation = modulation,
    channels = 256, height = 50, width = 76, rois = param("rois", 100),
    output_size = 7, sampling_ratio = 2, spatial_scale = 1 / 16, gamma = 0.1,
  }
end
return { pool "none", pool "mask" }
