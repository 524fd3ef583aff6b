

assert(false, "h must be even")
