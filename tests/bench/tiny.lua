-- Two layers small enough for a test; op and layout are the comparison's to choose.
local op, layout = param("op", "deform_conv2d"), param("layout", "nhwc")
local size = tonumber(param("size", 12))

local function layer(name, offset_groups)
  local l = {
    name = name, in_channels = 16, out_channels = 24, height = size, width = size + 3,
    kernel_size = 3, padding = 1, layout = layout,
  }
  if op == "conv2d" then return conv2d(l) end
  l.offset_groups, l.modulation = offset_groups, "mask"
  return deform_conv2d(l)
end

return { layer("one", 1), layer("four", 4) }
