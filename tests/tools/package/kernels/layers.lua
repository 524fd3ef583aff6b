-- kernels.sh changes size.lua, which this includes.
return { include "size.lua" }
