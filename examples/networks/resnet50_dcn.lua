-- ResNet-50 with DCNv2 in stages c3 to c5: torchvision's network (stride in the 3x3 convolution), in which that
-- convolution is modulated and deformable from layer2 on, as detectors' configurations "dconv_c3-c5" have it. A
-- convolution beside it makes two offsets and a logit of the mask for each of the nine taps.
--
--   dcngen bench examples/networks/resnet50_dcn.lua
--   dcngen bench -D height=800 -D width=1344 examples/networks/resnet50_dcn.lua
--   dcngen bench -D deformable=false examples/networks/resnet50_dcn.lua            # the plain network
--
-- Parameters are called as in a state_dict of torchvision and mmdetection. Batch norm is folded: the `scale` and
-- `shift` of a convolution are those of the norm behind it.
local deformable = param("deformable", true)

local x = input {
  name = "image", batch = param("batch", 1), channels = 3,
  height = param("height", 224), width = param("width", 224),
}

local function conv(v, name, channels, kernel, stride, more)
  local layer = {
    v, name = name, out_channels = channels,
    kernel_size = kernel, stride = stride, padding = kernel // 2, scale_shift = true,
  }
  for key, value in pairs(more) do layer[key] = value end
  return (layer.offset_mask and deform_conv2d or conv2d)(layer)
end

local relu = { activation = "relu" }

local function deform_conv(v, name, channels, stride)
  local offset_mask = conv2d {
    v, name = name .. ".conv_offset", out_channels = 27,
    kernel_size = 3, stride = stride, padding = 1, bias = true,
  }
  return conv(v, name, channels, 3, stride,
              { offset_mask = offset_mask, modulation = "sigmoid", activation = "relu" })
end

local function bottleneck(v, name, width, stride, deform)
  local same = v.channels == 4 * width and v or
               conv(v, name .. ".downsample.0", 4 * width, 1, stride, {})
  local y = conv(v, name .. ".conv1", width, 1, 1, relu)
  if deform then
    y = deform_conv(y, name .. ".conv2", width, stride)
  else
    y = conv(y, name .. ".conv2", width, 3, stride, relu)
  end
  return conv(y, name .. ".conv3", 4 * width, 1, 1, { residual = same, activation = "relu" })
end

x = conv(x, "conv1", 64, 7, 2, relu)
x = max_pool2d { x, kernel_size = 3, stride = 2, padding = 1 }
for stage, blocks in ipairs { 3, 4, 6, 3 } do
  for block = 0, blocks - 1 do
    local name = "layer" .. stage .. "." .. block
    local stride = (stage > 1 and block == 0) and 2 or 1
    x = bottleneck(x, name, 32 << stage, stride, deformable and stage > 1)
  end
end
x = avg_pool2d { x, output_size = 1 }
x = linear { x, name = "fc", out_features = 1000, bias = true }
return network { name = "resnet50_dcn", outputs = { scores = x } }
