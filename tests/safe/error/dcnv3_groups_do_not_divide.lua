return dcnv3 { channels = 16, groups = 3, height = 5, width = 5 }
