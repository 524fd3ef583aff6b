return dcnv3 { channels = 16 }
