-- The head of R-FCN with deformable position-sensitive pooling, as in Deformable ConvNets: scores and boxes of a
-- region are averages over its 7x7 bins, each of which reads channels of its own; the bins' offsets, one for
-- each class, are pooled from the same map in the same way, without offsets.
--
--   dcngen bench examples/networks/rfcn_head.lua
--   dcngen bench -D height=63 -D width=63 -D rois=128 examples/networks/rfcn_head.lua
--
-- `features` is the last map of the backbone (ResNet, conv5 at stride 16); rois are rows of image, x1, y1, x2, y2 in
-- pixels of the picture. Layers are called as upstream's. Scores are before the softmax.
local classes = param("classes", 21) -- of PASCAL VOC, with the background
local bins = 7
local height, width = param("height", 38), param("width", 63)

local features = input { name = "features", channels = 2048, height = height, width = width }
local rois = input { name = "rois", rois = param("rois", 300) }

local function conv(v, name, count, activation)
  return conv2d { v, name = name, out_channels = count, kernel_size = 1, bias = true, activation = activation or "none" }
end

local function pool(v, more)
  local layer = { v, rois = rois, pooled_size = bins, group_size = bins, sample_per_part = 4, spatial_scale = 1 / 16 }
  for key, value in pairs(more) do layer[key] = value end
  return deform_ps_roi_pool(layer)
end

local x = conv(features, "conv_new_1", 1024, "relu")

-- Means over the bins of `count` position-sensitive maps, whose bins move in `sets` different ways.
local function branch(name, count, sets)
  local maps = conv(x, name, bins * bins * count)
  local offsets = conv(x, name .. "_offset_t", bins * bins * 2 * sets)
  local trans = pool(offsets, { output_dim = 2 * sets, no_trans = true })
  local pooled = pool(maps, { output_dim = count, num_classes = sets, trans = trans, trans_std = 0.1 })
  return avg_pool2d { pooled, output_size = 1 }
end

return network {
  name = "rfcn_head",
  outputs = { cls_score = branch("rfcn_cls", classes, classes), bbox_pred = branch("rfcn_bbox", 8, 1) },
}
