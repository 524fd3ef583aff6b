local t = { 1, 1, 1, 1 }
local i = 8
while i > 0 do
  t[i] = 1
  t[i + 1] = 1
  i = i << 1
end
t[math.maxinteger] = 1
table.insert(t, 1, 2)
