return include("a", "b")
