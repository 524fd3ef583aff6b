local x = input { name = "x", channels = 18, height = 9, width = 9, dtype = "f64", layout = "nhwc" }
local r, b = input { name = "r", rois = 4, dtype = "f64" }, input { name = "b", rois = 4, roi_format = "xyxy", dtype = "f64" }
local t = input { name = "t", channels = 2, height = 3, width = 3, rois = 4, dtype = "f64" }
return network { outputs = { p = deform_ps_roi_pool { x, rois = r, trans = t, pooled_size = 3 },
  q = deform_roi_pool { x, rois = b, offset = t, output_size = 3 },
  v = dcnv4 { dcnv3_module { x, groups = 3 }, groups = 3, offset_mask = linear { x, out_features = 88 } } } }
