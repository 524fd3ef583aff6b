return include(3)
