-- flags.lua: kernels of every operator, with ends of vectors and of tiles that are not full.
-- SPDX-License-Identifier: Apache-2.0
local kernels, dtype = {}, param("dtype", "f32")

local function add(constructor, name, keys, layouts)
  for _, layout in ipairs(layouts or { "nchw", "nhwc" }) do
    local spec = {}
    for key, value in pairs(keys) do spec[key] = value end
    spec.name, spec.dtype = name .. "_" .. layout, dtype
    if not layouts then spec.layout = layout end
    kernels[#kernels + 1] = constructor(spec)
  end
end
local only_nhwc = { "nhwc" }

local activations, modulations = { "none", "relu", "gelu", "silu" }, { "none", "mask", "sigmoid", "softmax" }
for i, modulation in ipairs(modulations) do
  add(deform_conv2d, "deform_" .. modulation, {
    batch = 2, in_channels = 12, out_channels = 10, height = 4, width = 7, kernel_size = 3, padding = 1,
    groups = 2, offset_groups = 3, modulation = modulation, bias = true, activation = activations[i],
  })
  add(deform_conv2d, "one_group_" .. modulation, {
    in_channels = 17, out_channels = 9, height = 5, width = 6, kernel_size = { 3, 2 }, stride = 2, padding = 1,
    modulation = modulation, border = "clamp", activation = activations[5 - i], scale_shift = true, residual = true,
  })
end
add(deform_conv2d, "narrow", {
  in_channels = 32, out_channels = 33, height = 3, width = 5, kernel_size = 3, padding = 1, offset_groups = 16,
  modulation = "mask",
})
add(conv2d, "conv", {
  in_channels = 5, out_channels = 19, height = 5, width = 7, kernel_size = 3, padding = 1,
  bias = true, activation = "gelu",
})
add(conv2d, "depthwise", {
  in_channels = 19, out_channels = 19, groups = 19, height = 5, width = 6, kernel_size = 3, padding = 1,
  activation = "silu",
})
add(separable_conv2d, "separable", {
  in_channels = 7, out_channels = 11, height = 5, width = 6, kernel_size = 3, padding = 1, activation = "gelu",
})
add(dcnv3, "core", { channels = 18, groups = 2, height = 4, width = 5, projection = 7 }, only_nhwc)
add(dcnv3, "sums", { channels = 15, groups = 5, height = 4, width = 5, modulation = "softmax" }, only_nhwc)
add(dcnv3, "whole", { channels = 32, groups = 2, height = 4, width = 5, modulation = "softmax" }, only_nhwc)
add(dcnv4, "packed", { channels = 24, groups = 3, height = 4, width = 5 }, only_nhwc)
add(dcnv3_module, "module3", {
  channels = 24, groups = 3, height = 4, width = 5, kernel_size = 3, padding = 1, center_feature_scale = true,
  stride = { 2, 1 },
}, only_nhwc)
add(dcnv4_module, "module4", { channels = 24, groups = 3, height = 4, width = 5, kernel_size = 3, padding = 1 },
    only_nhwc)
add(deform_conv2d_pack, "layer", {
  in_channels = 5, out_channels = 6, height = 4, width = 6, kernel_size = 3, padding = 1, modulation = "mask",
})
local map = { channels = 9, height = 9, width = 11, rois = 5, output_size = { 2, 3 } }
local function regions(constructor, name, more)
  for key, value in pairs(map) do
    if more[key] == nil then more[key] = value end
  end
  add(constructor, name, more)
end
regions(roi_pool, "largest", { mode = "max", variant = "mmcv" })
regions(roi_pool, "average", { mode = "average", activation = "gelu" })
regions(roi_align, "align", { sampling_ratio = 2 })
regions(roi_align, "adaptive", { activation = "silu" })
regions(deform_roi_pool, "pool", { sampling_ratio = 2, modulation = "mask" })
regions(deform_roi_pool_pack, "pool_layer", { modulation = "mask", deform_fc_channels = 7 })
regions(ps_roi_pool, "classes", { channels = 12, output_dim = 3, group_size = 2, output_size = 2, variant = "mxnet" })
regions(ps_roi_align, "parts", { channels = 12, output_dim = 3, output_size = 2 })
kernels[#kernels + 1] = deform_ps_roi_pool {
  name = "ps", channels = 12, output_dim = 3, group_size = 2, pooled_size = 3, sample_per_part = 2, height = 9,
  width = 11, rois = 5, dtype = dtype, modulation = "mask",
}
-- Activations that have parameters, and gradients, which are made of the same pieces.
add(conv2d, "leaky", { in_channels = 5, out_channels = 7, height = 4, width = 5, kernel_size = 1,
                       activation = "leaky_relu", bias = true, gradient = true }, only_nhwc)
add(deform_conv2d, "swish", { in_channels = 6, out_channels = 7, height = 4, width = 5, kernel_size = 3, padding = 1,
                              modulation = "softmax", activation = "hardswish" })
add(deform_conv2d_pack, "back", {
  in_channels = 6, out_channels = 5, height = 4, width = 5, kernel_size = 3, padding = 1, modulation = "sigmoid",
  scale_shift = true, residual = true, activation = "clip", gradient = true,
})
return kernels
