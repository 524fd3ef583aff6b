-- Rectifies and sharpens a photograph in one pass: a 3x3 filter per colour whose taps stand where
-- the lens put the pixels of the straightened picture.  The offsets come from lens.h.
return deform_conv2d {
  name = "rectify",
  in_channels = 3, out_channels = 3, groups = 3,
  height = param("h", 468), width = param("w", 640),
  kernel_size = 3, padding = 1,
}
