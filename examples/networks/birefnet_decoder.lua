-- The decoder of BiRefNet for pictures of 1024x1024, with its Swin-L backbone's four maps as inputs: at each scale a
-- block with deformable convolutions of 1x1, 3x3 and 7x7 side by side (ASPPDeformable), then upsampling, to which a
-- lateral convolution adds the next finer map; each block's result is weighted per pixel by what `gdt_convs` make
-- of it. Branches that look at the picture itself (dec_ipt) are left out.
--
--   dcngen bench examples/networks/birefnet_decoder.lua
--   dcngen bench -D size=512 examples/networks/birefnet_decoder.lua
--
-- Layers are called as in BiRefNet's decoder; batch norms are folded into the `scale` and `shift` of the layers before.
local size = param("size", 1024) -- of the picture
local channels = { param("c4", 3072), param("c3", 1536), param("c2", 768), param("c1", 384) }
local inner, branch = 64, param("branch", 256)

local function map(name, count, scale)
  return input { name = name, batch = param("batch", 1), channels = count, height = size // scale, width = size // scale }
end
local x4, x3 = map("x4", channels[1], 32), map("x3", channels[2], 16)
local x2, x1 = map("x2", channels[3], 8), map("x1", channels[4], 4)

local function conv(v, name, count, kernel, more)
  local layer = { v, name = name, out_channels = count, kernel_size = kernel, padding = kernel // 2 }
  for key, value in pairs(more) do layer[key] = value end
  return conv2d(layer)
end
local biased = { bias = true }
local folded = { scale_shift = true, activation = "relu" }

-- The mask is twice a sigmoid, so that it begins at 1.
local function deform_conv(v, name, kernel)
  return deform_conv2d {
    v, name = name .. ".regular_conv", out_channels = branch, kernel_size = kernel, padding = kernel // 2,
    offset = conv(v, name .. ".offset_conv", 2 * kernel * kernel, kernel, biased),
    mask = conv(v, name .. ".modulator_conv", kernel * kernel, kernel, biased),
    modulation = "sigmoid", modulation_scale = 2, scale_shift = true, activation = "relu",
  }
end

local function aspp_deformable(v, name)
  local parts = { deform_conv(v, name .. ".aspp1.atrous_conv", 1) }
  for i, kernel in ipairs { 1, 3, 7 } do
    parts[#parts + 1] = deform_conv(v, name .. ".aspp_deforms." .. i - 1 .. ".atrous_conv", kernel)
  end
  local mean = conv(avg_pool2d { v, output_size = 1 }, name .. ".global_avg_pool.1", branch, 1, folded)
  parts[#parts + 1] = resize { mean, size = { v.height, v.width }, mode = "bilinear", align_corners = true }
  return conv(concat(parts), name .. ".conv1", v.channels, 1, folded)
end

local function block(v, name, count)
  local y = conv(v, name .. ".conv_in", inner, 3, { bias = true, scale_shift = true, activation = "relu" })
  y = aspp_deformable(y, name .. ".dec_att")
  return conv(y, name .. ".conv_out", count, 3, { bias = true, scale_shift = true })
end

-- p weighted by a map of one channel that is made of it, and brought to the size of the next finer map.
local function attended(p, level, finer)
  local gdt = conv(p, "gdt_convs_" .. level .. ".0", 16, 3, { bias = true, scale_shift = true, activation = "relu" })
  local weight = conv(gdt, "gdt_convs_attn_" .. level .. ".0", 1, 1, { bias = true, activation = "sigmoid" })
  p = mul { p, weight }
  return resize { p, size = { finer.height, finer.width }, mode = "bilinear", align_corners = true }
end

local p = x4
for i, finer in ipairs { x3, x2, x1 } do
  local level = 5 - i
  p = block(p, "decoder_block" .. level, finer.channels)
  p = add { attended(p, level, finer), conv(finer, "lateral_block" .. level .. ".conv", finer.channels, 1, biased) }
end
p = block(p, "decoder_block1", p.channels // 2)
p = resize { p, size = { size, size }, mode = "bilinear", align_corners = true }
p = conv(p, "conv_out1.0", 1, 1, biased)
return network { name = "birefnet_decoder", outputs = { logits = p } }
