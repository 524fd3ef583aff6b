
return include "no_such_file.lua"
