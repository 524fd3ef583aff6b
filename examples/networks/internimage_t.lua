-- InternImage-T, the whole classifier: a stem, four stages of DCNv3 blocks with downsampling in between, and the head
-- of the smaller models (T to XL). Norms stand before the operators; what a block adds is scaled per channel
-- (gamma1, gamma2), as in the detectors' configurations; the classifier's of T has no scale: layer_scale=false.
--
--   dcngen bench examples/networks/internimage_t.lua
--   dcngen bench -D height=800 -D width=1280 examples/networks/internimage_t.lua
--
-- Layers are called as in InternImage's state_dict. Inside a `dcn` the dots of upstream's names are _, as in
-- dcn.dw_conv_0_weight; gamma1 is gamma1.weight; the batch norm of conv_head is folded into its scale and shift.
local layer_scale = param("layer_scale", true)
local channels = param("channels", 64)
local depths, groups = { 4, 4, 18, 4 }, { 4, 8, 16, 32 }

local image = input {
  name = "image", batch = param("batch", 1), channels = 3,
  height = param("height", 224), width = param("width", 224),
}

local function conv(v, name, out_channels, bias)
  return conv2d {
    v, name = name, out_channels = out_channels, kernel_size = 3, stride = 2, padding = 1, bias = bias,
  }
end

local function norm(v, name, activation)
  return layer_norm { v, name = name, eps = 1e-6, activation = activation or "none" }
end

-- x + gamma * what
local function residual(x, what, gamma)
  return add { x, layer_scale and mul { what, name = gamma } or what }
end

local function block(x, name, groups)
  local y = norm(x, name .. ".norm1.0")
  y = dcnv3_module { y, name = name .. ".dcn", groups = groups, kernel_size = 3, padding = 1 }
  x = residual(x, y, name .. ".gamma1")
  y = norm(x, name .. ".norm2.0")
  y = linear { y, name = name .. ".mlp.fc1", out_features = 4 * x.channels, bias = true, activation = "gelu" }
  y = linear { y, name = name .. ".mlp.fc2", out_features = x.channels, bias = true }
  return residual(x, y, name .. ".gamma2")
end

local x = conv(image, "patch_embed.conv1", channels // 2, true)
x = norm(x, "patch_embed.norm1.1", "gelu")
x = conv(x, "patch_embed.conv2", channels, true)
x = norm(x, "patch_embed.norm2.1")
for stage, depth in ipairs(depths) do
  local level = "levels." .. stage - 1
  for i = 0, depth - 1 do x = block(x, level .. ".blocks." .. i, groups[stage]) end
  x = norm(x, level .. ".norm.0")
  if stage < #depths then
    x = conv(x, level .. ".downsample.conv", 2 * x.channels, false)
    x = norm(x, level .. ".downsample.norm.1")
  end
end
x = conv2d {
  x, name = "conv_head.0", out_channels = x.channels * 3 // 2, kernel_size = 1,
  scale_shift = true, activation = "gelu",
}
x = avg_pool2d { x, output_size = 1 }
x = linear { x, name = "head", out_features = 1000, bias = true }
return network { name = "internimage_t", outputs = { scores = x } }
