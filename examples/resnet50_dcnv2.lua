-- The deformable layers of ResNet-50 with DCNv2 in stages c3 to c5, as detectors run them on
-- pictures of 800x1344: the 3x3 convolution of every bottleneck, its batch norm folded into
-- weight and bias.  The first one of a stage has stride 2 and is called r50_cN_0; the others of
-- the stage, 3 in c3, 5 in c4 and 2 in c5, are all alike and called r50_cN.
--
--   dcngen bench examples/resnet50_dcnv2.lua
--   dcngen bench -D height=608 -D width=1088 --kernel r50_c4 examples/resnet50_dcnv2.lua

local batch = param("batch", 1)
local height, width = param("height", 800), param("width", 1344) -- of the picture
local dtype, layout = param("dtype", "f32"), param("layout", "nchw")
local offset_groups = param("offset_groups", 1)

-- Every layer so far that halved the map rounded up.
local function shrink(size, by) return (size + by - 1) // by end

-- scale: pixels of the picture per pixel of the layer's input
local function layer(name, channels, scale, stride)
  return deform_conv2d {
    name = name, batch = batch,
    in_channels = channels, height = shrink(height, scale), width = shrink(width, scale),
    out_channels = channels,
    kernel_size = 3, stride = stride, padding = 1,
    offset_groups = offset_groups, modulation = "mask",
    bias = true, activation = "relu",
    dtype = dtype, layout = layout,
  }
end

local kernels = {}
for stage = 3, 5 do
  local name, channels, scale = "r50_c" .. stage, 16 << stage, 1 << stage
  kernels[#kernels + 1] = layer(name .. "_0", channels, scale // 2, 2)
  kernels[#kernels + 1] = layer(name, channels, scale, 1)
end
return kernels
