error("one\ntwo\27[31m\tthree")
