-- conv2d { stride = 1 }
local s = "conv2d { stride = 2 }"
return conv2d {
  in_channels = 8, height = 9, width = 9, out_channels = 8, --[[ stride = 1,
  ]] kernel_size = 3, -- stride = 1
  target = "stride = 1, \" stride = 1",
  schedule = [==[
stride = 1]==],
  padding = ({ stride = 2, 1 })[1],
  stride =
    0,
}
