local function check(h)
  if h % 2 == 1 then error("h is odd", 2) end
end

check(3)
