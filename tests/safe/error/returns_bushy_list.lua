local t = { "x" }
for d = 1, 7 do
  local n = {}
  for i = 1, 100 do n[i] = t end
  t = n
end
local k = conv2d { in_channels = 8, height = 9, width = 9, out_channels = 8, kernel_size = 3 }
local all = {}
for i = 1, 5000 do all[i] = k end
return all
