return string.dump(error)
