return dcnv3 { channels = 16, height = 5, width = 5 }
