for i = 1, 1e6 do
  input { name = "x" .. i, channels = 3, height = 224, width = 224 }
end
