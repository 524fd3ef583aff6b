local h = param()
return h
