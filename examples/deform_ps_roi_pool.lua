-- Deformable position-sensitive RoI pooling of R-FCN: every class moves its bins by itself; then
-- without offsets, and modulated without groups, as DCNv2 uses it.
local function pool(name, more)
  more.name = name
  more.height, more.width, more.rois, more.spatial_scale = 38, 50, 60, 1 / 16
  more.pooled_size, more.sample_per_part = 7, 4
  return deform_ps_roi_pool(more)
end
return {
  pool("deform_ps_classes", { channels = 8 * 49, output_dim = 8, group_size = 7, num_classes = 2 }),
  pool("deform_ps_no_trans", { channels = 8 * 49, output_dim = 8, group_size = 7, no_trans = true }),
  pool("deform_ps_modulated",
       { channels = 64, output_dim = 64, group_size = 1, modulation = "mask" }),
}
