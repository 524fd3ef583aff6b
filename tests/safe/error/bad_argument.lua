local n = 3
return string.rep()
