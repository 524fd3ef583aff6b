local all = { name = "sum" }
for i = 1, 21 do
  all[i] = input { name = "x" .. i, channels = 3, height = 224, width = 224 }
end
return network { outputs = add(all) }
