return dcnv3 { channels = 16, groups = 2, height = 5, width = 5, layout = "nchw" }
