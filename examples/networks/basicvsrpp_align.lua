-- The alignment of BasicVSR++: features of the two frames before are brought onto the present one by a modulated
-- deformable convolution. Its offsets follow the optical flow; what a stack of convolutions adds to that is kept within
-- ten pixels by a tanh. Sixteen groups of channels have offsets of their own, the first eight those of the last
-- frame's features, the others those of the frame before it.
--
--   dcngen bench examples/networks/basicvsrpp_align.lua
--   dcngen bench -D height=64 -D width=64 examples/networks/basicvsrpp_align.lua
--
-- Inputs are those of upstream's forward(x, extra_feat, flow_1, flow_2), parameters those of its state_dict; the
-- tensors weight and bias of the module itself belong to the layer "dcn" here.
local height, width = param("height", 180), param("width", 320)
local channels, groups = param("channels", 64), param("groups", 16)
local reach = param("max_residue_magnitude", 10)

local function map(name, count)
  return input { name = name, batch = param("batch", 1), channels = count, height = height, width = width }
end
local x, extra = map("x", 2 * channels), map("extra_feat", 3 * channels)
local flow_1, flow_2 = map("flow_1", 2), map("flow_2", 2)

local y = concat { extra, flow_1, flow_2 }
for i = 0, 4, 2 do
  y = conv2d {
    y, name = "conv_offset." .. i, out_channels = channels, kernel_size = 3, padding = 1, bias = true,
    activation = "leaky_relu", activation_slope = 0.1,
  }
end
y = conv2d { y, name = "conv_offset.6", out_channels = 27 * groups, kernel_size = 3, padding = 1, bias = true }

local learnt_1, learnt_2, mask = split { y, parts = 3 }

-- The offsets of one frame: (dy, dx) of nine taps in half of the groups. A flow is (dx, dy).
local function offset(learnt, flow)
  local yx = concat { slice { flow, from = 1, count = 1 }, slice { flow, from = 0, count = 1 } }
  local followed = concat { concat { yx, times = 9 }, times = groups // 2 }
  return add { mul { activation { learnt, "tanh" }, scale = reach }, followed }
end

local aligned = deform_conv2d {
  x, name = "dcn", out_channels = channels, kernel_size = 3, padding = 1, offset_groups = groups, bias = true,
  offset = concat { offset(learnt_1, flow_1), offset(learnt_2, flow_2) }, mask = mask, modulation = "sigmoid",
}
return network { name = "basicvsrpp_align", outputs = { aligned = aligned } }
