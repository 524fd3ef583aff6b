local h = 3
error("h = " .. h .. " is odd")
