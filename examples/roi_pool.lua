-- Regular RoI pooling: the average over whole pixels (R-FCN's baseline), and Fast R-CNN's maximum
-- as torchvision rounds it.  How many regions there are is known only when the kernel is called.
local function pool(mode, variant)
  return roi_pool {
    name = "roi_pool_" .. mode, mode = mode, variant = variant,
    channels = 256, height = 38, width = 50, rois = dynamic,
    output_size = 7, spatial_scale = 1 / 16,
  }
end
return { pool("average", "mxnet"), pool("max", "torchvision") }
