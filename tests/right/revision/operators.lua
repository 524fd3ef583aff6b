-- operators.lua: the operators that no kernel of tests/portable/cross/kernels.lua is of, for digests of their code.
-- SPDX-License-Identifier: Apache-2.0
local kernels = {}

local function each(constructor, name, keys, layouts)
  for _, layout in ipairs(layouts or { "nchw", "nhwc" }) do
    for _, dtype in ipairs { "f32", "f64" } do
      local spec = {}
      for key, value in pairs(keys) do spec[key] = value end
      spec.name, spec.dtype, spec.layout = name .. "_" .. layout .. "_" .. dtype, dtype, layout
      kernels[#kernels + 1] = constructor(spec)
    end
  end
end

local function regions(more)
  local spec = { channels = 24, height = 9, width = 11, rois = 5 }
  for key, value in pairs(more) do spec[key] = value end
  return spec
end

each(separable_conv2d, "separable", { in_channels = 5, out_channels = 7, height = 5, width = 6, kernel_size = 3, stride = 2 })
each(dcnv3_module, "module3", { channels = 24, groups = 3, height = 5, width = 6, center_feature_scale = true }, { "nhwc" })
each(dcnv3_module, "strided3", {
  channels = 24, groups = 3, height = 5, width = 6, stride = 2, center_feature_scale = true,
}, { "nhwc" })
each(dcnv4_module, "module4", { channels = 24, groups = 3, height = 5, width = 6, dw_kernel_size = 3 }, { "nhwc" })
each(dcnv4_module, "strided4", { channels = 24, groups = 3, height = 5, width = 6, stride = { 1, 2 } }, { "nhwc" })
each(ps_roi_pool, "sensitive", regions { output_size = 2 })
each(ps_roi_align, "sampled", regions { output_size = 2 })
each(deform_ps_roi_pool, "parts", regions { pooled_size = 2, num_classes = 2 })
each(deform_roi_pool_pack, "moved", regions { output_size = { 2, 3 }, modulation = "mask", deform_fc_channels = 7 })
return kernels
