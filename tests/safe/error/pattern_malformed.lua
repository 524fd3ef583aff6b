return ("a"):find("[a")
