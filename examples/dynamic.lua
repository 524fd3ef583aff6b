-- One kernel for every batch and every size of map: they are arguments of the call.
-- A size can be fixed again from outside: dcngen bench -D batch=1 -D h=64 -D w=48 dynamic.lua
return deform_conv2d {
  name = "dcn_any_size",
  batch = param("batch", dynamic), height = param("h", dynamic), width = param("w", dynamic),
  in_channels = 64, out_channels = 64,
  kernel_size = 3, padding = 1, modulation = "mask", bias = true,
}
