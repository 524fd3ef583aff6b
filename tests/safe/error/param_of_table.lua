return param("h", {})
