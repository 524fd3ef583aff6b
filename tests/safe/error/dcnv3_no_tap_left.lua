return dcnv3 { channels = 16, groups = 2, height = 5, width = 5, kernel_size = 1, padding = 0, remove_center = true }
