local a = 1
return include "stride_zero.lua"
