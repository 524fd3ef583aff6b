-- kernels.lua: what every kind of machine must compute right: many operators, small and odd sizes.
-- SPDX-License-Identifier: Apache-2.0
local kernels = {}

-- One kernel for each layout and dtype, called NAME_LAYOUT_DTYPE.
local function each(constructor, name, keys, layouts)
  for _, layout in ipairs(layouts or { "nchw", "nhwc" }) do
    for _, dtype in ipairs { "f32", "f64" } do
      local spec = {}
      for key, value in pairs(keys) do spec[key] = value end
      spec.name, spec.dtype = name .. "_" .. layout .. "_" .. dtype, dtype
      if not layouts then spec.layout = layout end
      kernels[#kernels + 1] = constructor(spec)
    end
  end
end

each(conv2d, "conv", {
  in_channels = 5, out_channels = 19, height = 5, width = 7, kernel_size = 3, padding = 1,
  bias = true, activation = "gelu",
})
each(deform_conv2d, "deform", {
  batch = 2, in_channels = 6, out_channels = 10, height = 4, width = 7, kernel_size = 3, padding = 1,
  groups = 2, offset_groups = 3, modulation = "mask", bias = true, activation = "silu",
})
each(deform_conv2d, "plain", {
  in_channels = 17, out_channels = 9, height = 5, width = 6, kernel_size = 3, stride = 2, padding = 1,
  offset_groups = 1, modulation = "sigmoid", border = "clamp", schedule = "direct",
})
each(dcnv3, "core", { channels = 18, groups = 2, height = 4, width = 5, projection = 7 }, { "nhwc" })
each(dcnv3, "sums", { channels = 10, groups = 2, height = 4, width = 5 }, { "nhwc" })
each(dcnv4, "packed", { channels = 24, groups = 3, height = 4, width = 5 }, { "nhwc" })
each(roi_pool, "quantised", {
  channels = 5, height = 9, width = 11, rois = 5, output_size = { 2, 3 }, mode = "max",
  variant = "mmcv",
})
each(roi_align, "align", { channels = 7, height = 9, width = 11, rois = 5, output_size = { 2, 3 } })
each(roi_align, "largest", {
  channels = 6, height = 9, width = 11, rois = 5, output_size = { 2, 3 }, sampling_ratio = 2, mode = "max",
})
each(deform_roi_pool, "pool", {
  channels = 9, height = 9, width = 11, rois = 5, output_size = { 2, 3 }, sampling_ratio = 2,
  modulation = "mask",
})
each(deform_conv2d_pack, "layer", {
  in_channels = 5, out_channels = 6, height = 4, width = 6, kernel_size = 3, padding = 1,
  modulation = "mask",
})
-- A network of operators, a module and layers around them, from planes to planes.
for _, dtype in ipairs { "f32", "f64" } do
  local x = input { name = "image", channels = 5, height = 7, width = 9, dtype = dtype }
  local a = conv2d { x, name = "stem", out_channels = 8, kernel_size = 3, padding = 1, bias = true, activation = "relu" }
  local o = conv2d { a, name = "where", out_channels = 27, kernel_size = 3, padding = 1, bias = true }
  local b = deform_conv2d {
    a, name = "look", offset_mask = o, modulation = "sigmoid", out_channels = 8, kernel_size = 3, padding = 1,
    residual = a, activation = "relu",
  }
  local c = deform_conv2d_pack { b, name = "again", out_channels = 6, kernel_size = 3, padding = 1 }
  local e = blend { b, a, slice { c, count = 4 }, name = "blend" }
  local d = layer_norm { concat { max_pool2d { c, kernel_size = 3, stride = 1, padding = 1 }, e }, name = "norm" }
  local row = flatten { max_pool2d { d, kernel_size = 3, stride = 3 }, name = "row" }
  local wide = resize { unflatten { row, size = { 2, 3 } }, size = { 7, 9 }, mode = "bilinear" }
  kernels[#kernels + 1] = network {
    name = "network_" .. dtype,
    outputs = { y = add { wide, add { d, resize { avg_pool2d { d, kernel_size = 2 }, size = { 7, 9 }, mode = "bilinear" } } } },
  }
end
return kernels
