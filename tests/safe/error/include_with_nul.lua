return include "a\0b"
