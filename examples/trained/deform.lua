-- Says for each pixel which kind of object it belongs to: two convolutions that halve the map, three deformable
-- layers in a stack, and a score for each class.  With -D offsets=false the plain twin: the same network with its
-- offsets held at zero.
local moving = param("offsets", true)
local name = moving and "deform" or "plain"

local x = input { name = "image", batch = param("batch", 1), channels = 3,
                  height = param("h", 96), width = param("w", 96), layout = "nhwc" }
for i, channels in ipairs { 16, 32 } do
  x = conv2d { x, name = "stem" .. i, out_channels = channels, kernel_size = 3, stride = 2, padding = 1,
               bias = true, activation = "relu" }
end
for i = 1, 3 do
  local layer = { x, name = "deform" .. i, out_channels = 32, kernel_size = 3, padding = 1,
                  bias = true, activation = "relu" }
  if moving then
    layer.offset = conv2d { x, name = "offset" .. i, out_channels = 18, kernel_size = 3, padding = 1, bias = true }
    layer.gradient_border = "torchvision" -- which train_torch.py is compared with
    x = deform_conv2d(layer)
  else
    x = conv2d(layer)
  end
end
local scores = conv2d { x, name = "head", out_channels = 6, kernel_size = 1, bias = true }

local net = network { name = name, outputs = { scores = scores }, layout = "nhwc" }
return { net, gradient(net, { "parameters" }) }
