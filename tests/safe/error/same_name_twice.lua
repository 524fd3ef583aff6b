local all = {}
for i = 1, 2 do
  all[i] = conv2d { in_channels = i, height = 9, width = 9, out_channels = 8, kernel_size = 3,
    name = "same" }
end
return all
