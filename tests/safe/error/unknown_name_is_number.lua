return _ENV[3]
