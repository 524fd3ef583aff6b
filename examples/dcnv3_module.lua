-- The layer of InternImage: depthwise branch with LayerNorm and GELU, offsets and softmax masks made from it,
-- both projections.  Once as in InternImage-T, once with the centre feature scale of the larger models.
local h, w = param("h", 14), param("w", 14)
local function module(name, scaled)
  return dcnv3_module {
    name = name, channels = 64, groups = 4, height = h, width = w,
    kernel_size = 3, padding = 1, center_feature_scale = scaled,
  }
end
return { module("dcnv3_layer", false), module("dcnv3_layer_scaled", true) }
