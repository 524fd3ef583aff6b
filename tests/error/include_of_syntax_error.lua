return include "syntax.lua"
