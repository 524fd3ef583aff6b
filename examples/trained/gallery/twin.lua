-- The plain twin of ../deform.lua as a deformable network whose offsets are all zero, so that points and sampling
-- locations can be drawn of it, too.  Its parameters are those of plain.safetensors, and so is what it makes.
local rows, columns = param("h", 96), param("w", 96)
local x = input { name = "image", channels = 3, height = rows, width = columns, layout = "nhwc" }
local zero = input { name = "zero", channels = 18, height = rows // 4, width = columns // 4, layout = "nhwc" }
for i, channels in ipairs { 16, 32 } do
  x = conv2d { x, name = "stem" .. i, out_channels = channels, kernel_size = 3, stride = 2, padding = 1,
               bias = true, activation = "relu" }
end
for i = 1, 3 do
  x = deform_conv2d { x, name = "deform" .. i, offset = zero, out_channels = 32, kernel_size = 3, padding = 1,
                      bias = true, activation = "relu" }
end
local scores = conv2d { x, name = "head", out_channels = 6, kernel_size = 1, bias = true }
return network { name = "twin", outputs = { scores = scores }, layout = "nhwc" }
