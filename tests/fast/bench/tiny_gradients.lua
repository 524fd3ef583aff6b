-- Gradients of one of the layers of tiny.lua, and the layer.
local all = include "tiny.lua"
return { all[1], gradient(all[1]) }
