return include(("x"):rep(5000))
