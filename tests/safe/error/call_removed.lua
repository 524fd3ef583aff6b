return math.random(3)
