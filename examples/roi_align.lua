-- RoIAlign as in Mask R-CNN: 2x2 samples per bin; and with as many as the bin has pixels.
local function align(name, ratio)
  return roi_align {
    name = name, sampling_ratio = ratio, aligned = true,
    channels = 256, height = 50, width = 76, rois = param("rois", 100),
    output_size = { 7, 7 }, spatial_scale = 1 / 16,
  }
end
return { align("roi_align_2x2", 2), align("roi_align_adaptive", 0) }
