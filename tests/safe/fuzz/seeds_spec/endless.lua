local function f(n) return 1 + f(n + 1) end
::again::
local t = { string.format("%5.2f", math.pi), ("a"):find(".-b") }
goto again
