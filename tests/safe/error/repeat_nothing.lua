return (""):rep(1 << 50)
