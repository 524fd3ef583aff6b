-- The DCNv3 operators of InternImage-T, as a detector runs them on pictures of 800x1280: one per
-- block, 4, 4, 18 and 4 blocks in the four stages, 16 channels per group.
--
--   dcngen bench examples/internimage_t.lua
--   dcngen bench -D height=224 -D width=224 --kernel internimage_1 examples/internimage_t.lua
--
-- op=dcnv4 gives those of FlashInternImage-T.
local op = param("op", "dcnv3") == "dcnv4" and dcnv4 or dcnv3
local batch, dtype = param("batch", 1), param("dtype", "f32")
local height, width = param("height", 800), param("width", 1280) -- of the picture

local kernels = {}
for stage = 1, 4 do
  local channels, scale = 32 << stage, 2 << stage
  kernels[stage] = op {
    name = "internimage_" .. stage, batch = batch, dtype = dtype,
    channels = channels, groups = channels // 16,
    height = height // scale, width = width // scale,
  }
end
return kernels
