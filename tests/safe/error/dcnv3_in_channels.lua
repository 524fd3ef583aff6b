return dcnv3 { in_channels = 16, groups = 2, height = 5, width = 5 }
