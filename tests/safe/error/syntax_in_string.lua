local s = "abc
return s
