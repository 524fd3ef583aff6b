local k = roi_align { name = "k", channels = 8, height = 9, width = 9, rois = 3, output_size = 2 }
return gradient(k, { "rois" })
