return include "returns_number.lua"
