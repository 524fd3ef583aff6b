local t = {}
return t.make {}
