-- [==[ stride = 1 ]==]
local s = ("x"):rep(10):gsub("x*", "%0") .. table.concat({ 1, 2 }, ", ")
if #s > 100 then error({}) else assert(tonumber("3"), "no") end
return include "missing.lua", conv2d { strid = 1, border = "zeros", [1] = 2, kernel_size = {0, 99} }
