-- The layer of FlashInternImage: offsets and masks from one linear map of the input, no softmax;
-- and without projections, as a part of a larger block.
local h, w = param("h", 14), param("w", 14)
local function module(name, bare)
  return dcnv4_module {
    name = name, channels = 64, groups = 4, height = h, width = w,
    kernel_size = 3, padding = 1, without_pointwise = bare,
  }
end
return { module("dcnv4_layer", false), module("dcnv4_layer_bare", true) }
