-- DCNv3: every group of channels looks at its own points, with weights that are a softmax over
-- them; there are no weights to learn in the operator itself.  Tensors are nhwc; offsets are (x, y)
-- pairs, taps run column by column.
--
--   dcngen verify examples/dcnv3.lua
--   dcngen verify -D offset_scale=2 -D groups=8 examples/dcnv3.lua
local groups, offset_scale = param("groups", 4), param("offset_scale", 1)

local function layer(l)
  l.channels, l.groups = 64, groups
  l.height, l.width = param("height", 28), param("width", 28)
  l.kernel_size, l.padding, l.offset_scale = 3, 1, offset_scale
  return dcnv3(l)
end

return {
  layer { name = "v3" },                                       -- logits in `mask`
  layer { name = "v3_mask", modulation = "mask" },             -- normalised by somebody else
  layer { name = "v3_no_center", remove_center = true },
  layer { name = "v3_down", stride = 2 },
  layer { name = "v3_projected", projection = 96, bias = true, -- the w_g of the paper
          activation = "gelu" },
}
