-- Layers small enough for a test, and one kernel of each other suite; op and layout are the
-- comparison's to choose.
local op, layout = param("op", "deform_conv2d"), param("layout", "nhwc")
local size = tonumber(param("size", 12))

local function layer(name, offset_groups)
  local l = {
    name = name, in_channels = 16, out_channels = 24, height = size, width = size + 3,
    kernel_size = 3, padding = 1, layout = layout,
  }
  if op == "conv2d" then return conv2d(l) end
  l.offset_groups, l.modulation = offset_groups, "mask"
  return deform_conv2d(l)
end

if op == "dcnv3" or op == "dcnv4" then
  return (op == "dcnv4" and dcnv4 or dcnv3) {
    name = op == "dcnv4" and "core4" or "core", channels = 24, groups = 3, height = size, width = size + 3,
  }
elseif op == "roi_align" or op == "deform_roi_pool" then
  return (op == "roi_align" and roi_align or deform_roi_pool) {
    name = "regions", channels = 6, height = size, width = size + 3, rois = 5, layout = layout,
    output_size = { 2, 3 }, sampling_ratio = 2, spatial_scale = 0.5,
    aligned = op == "roi_align" or nil,
  }
end

return { layer("one", 1), layer("four", 4) }
