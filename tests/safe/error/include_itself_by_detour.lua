return include "./../error/include_itself_by_detour.lua"
