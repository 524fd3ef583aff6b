return dcnv4 { channels = 16, groups = 2, height = 1, width = 5, padding = 0 }
