return dcnv3 { channels = 16, group = 2, height = 5, width = 5 }
