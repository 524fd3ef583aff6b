-- The layers that dcngen is measured on: shapes of real networks, one picture, f32, 3x3, padding 1.
--
--   dcngen bench -D layout=nchw -D op=conv2d bench/workloads.lua
--
-- op=conv2d gives the plain convolutions of the same shapes; op=dcnv3 or op=dcnv4 the operators of
-- InternImage-T on pictures of 800x1280, 16 channels per group, which are nhwc: H1 and H1v4.
-- op=deform_roi_pool or op=roi_align pools 300 regions of 256 channels to 7x7 bins of 2x2 samples.
local op, layout = param("op", "deform_conv2d"), param("layout", "nhwc")

-- The same layer, deformable or plain.
local function layer(l)
  l.kernel_size = l.kernel_size or 3
  l.padding = l.padding or 1
  l.layout = layout
  if op == "conv2d" then
    l.modulation, l.offset_groups = nil, nil
    return conv2d(l)
  end
  return deform_conv2d(l)
end

local function square(name, channels, height, width)
  return {
    name = name, in_channels = channels, out_channels = channels,
    height = height, width = width, modulation = "mask",
  }
end

local function with(l, changes)
  for key, value in pairs(changes) do l[key] = value end
  return l
end

local function core(name, channels, height, width)
  local v4 = op == "dcnv4"
  return (v4 and dcnv4 or dcnv3) {
    name = v4 and name .. "v4" or name, channels = channels, groups = channels // 16, height = height, width = width,
  }
end

if op == "dcnv3" or op == "dcnv4" then
  return {
    core("H1", 64, 200, 320), core("H2", 128, 100, 160), core("H3", 256, 50, 80),
    core("H4", 512, 25, 40),
  }
end

-- Regions of a detector on ResNet-50 c4: R.
if op == "deform_roi_pool" or op == "roi_align" then
  return (op == "roi_align" and roi_align or deform_roi_pool) {
    name = "R", channels = 256, height = 50, width = 76, rois = 300, layout = layout,
    output_size = 7, sampling_ratio = 2, spatial_scale = 1 / 16,
    aligned = op == "roi_align" or nil, -- as deform_roi_pool always is
  }
end

return {
  layer(square("A", 128, 100, 152)),                                   -- DCNv2 ResNet-50 c3
  layer(square("B", 256, 50, 76)),                                     -- c4
  layer(square("C", 512, 25, 38)),                                     -- c5
  layer(with(square("D", 256, 50, 76), { modulation = "none", offset_groups = 4 })), -- DCNv1 c4
  layer(with(square("E", 256, 100, 152), { stride = 2 })),             -- first of c4
  layer(with(square("F", 256, 50, 76), { groups = 32 })),              -- ResNeXt-101-32x4d c4
  layer(with(square("G", 64, 180, 320), { offset_groups = 16 })),      -- BasicVSR++
  layer(with(square("K7", 64, 256, 256),                               -- BiRefNet
             { out_channels = 256, kernel_size = 7, padding = 3 })),
}
