local x = input { name = "image", channels = 3, height = 224, width = 224 }
for i = 1, 2 do
  x = conv2d { x, name = "stages.0", out_channels = 3, kernel_size = 3 }
end
return network { outputs = { y = x } }
