return _G.print
