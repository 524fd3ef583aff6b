local s = ("x"):rep(4000000)
return (s .. s):rep(4000000)
