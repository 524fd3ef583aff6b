return include ""
