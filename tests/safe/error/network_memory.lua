local x = input { name = "image", channels = 3, height = 224, width = 224 }
for i = 1, 200 do
  x = linear { x, out_features = 3 }
end
local all = {}
for i = 1, 1e6 do
  all[i] = network { outputs = { y = x } }
end
