return getmetatable("")
