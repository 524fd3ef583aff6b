return param("h", 1, 2)
