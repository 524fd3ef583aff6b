return ("").dump(error)
