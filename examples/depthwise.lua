-- One filter per channel: groups = in_channels.  Two kernels from one file, in both layouts.
local function depthwise(layout)
  return conv2d {
    name = "depthwise_" .. layout, layout = layout,
    in_channels = 96, out_channels = 96, groups = 96, height = 56, width = 56,
    kernel_size = { 3, 5 }, padding = { 1, 2 }, bias = true,
  }
end
return { depthwise "nchw", depthwise "nhwc" }
