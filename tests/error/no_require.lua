return require("x")
