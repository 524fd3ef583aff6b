local h = param("h")
return h
