-- DCNv4: the samples of DCNv3 with weights that are not normalised, and with offsets and weights in
-- one tensor: offset_mask[N, P, Q, 8*ceil(3*groups*K/8)], per group 2K offsets, then K weights.
--
--   dcngen verify examples/dcnv4.lua
--   dcngen bench -D height=100 -D width=160 -D channels=128 -D groups=8 examples/dcnv4.lua
local function layer(l)
  l.channels, l.groups = param("channels", 64), param("groups", 4)
  l.height, l.width = param("height", 28), param("width", 28)
  return dcnv4(l)
end

return {
  layer { name = "v4" },
  layer { name = "v4_no_center", remove_center = true },
  layer { name = "v4_softmax", modulation = "softmax" },
  layer { name = "v4_projected", projection = 64 },
}
