#!/usr/bin/env bash
# tensors.sh: what show tensors says, and that docs/SPEC.md names all of them.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >all.lua <<'END2'
local epilogue = { bias = true, scale_shift = true, residual = true }
local map = { height = 14, width = dynamic, kernel_size = 3, padding = 1 }
local pool = { height = 14, width = 14, rois = dynamic, output_size = 7 }
local function with(...)
  local all = {}
  for _, part in ipairs { ... } do
    for key, value in pairs(part) do all[key] = value end
  end
  return all
end
local conv = with(map, epilogue, { in_channels = 4, out_channels = 8 })
local core = with(map, epilogue, { channels = 16, groups = 2, projection = 8 })
local module = { channels = 16, groups = 2, height = 14, width = 14, center_feature_scale = true, dw_kernel_size = 3 }
return {
  conv2d(with(conv)),
  deform_conv2d(with(conv, { name = "two", modulation = "mask", offset_groups = 2 })),
  deform_conv2d(with(conv, { name = "swapped", offset_order = "xy" })),
  deform_conv2d(with(conv, { name = "planes", offset_order = "xxyy", offset_groups = 2 })),
  deform_conv2d(with(conv, { name = "ascend", offset_order = "xxyy", modulation = "mask", offset_mask = true })),
  deform_conv2d(with(conv, { name = "one", modulation = "mask", offset_groups = 2, offset_mask = true })),
  deform_conv2d_pack(with(conv, { modulation = "sigmoid" })),
  separable_conv2d(with(conv)),
  dcnv3(with(core)),
  dcnv4(with(core)),
  dcnv3_module(with(module)),
  dcnv4_module(with(module)),
  roi_pool(with(pool, { channels = 4 })),
  roi_align(with(pool, { channels = 4 })),
  deform_roi_pool(with(pool, { channels = 4, modulation = "mask" })),
  deform_roi_pool_pack(with(pool, { channels = 4, modulation = "mask" })),
  roi_align(with(pool, { name = "alone", channels = 4, roi_format = "xyxy" })),
  deform_ps_roi_pool { channels = 98, height = 14, width = 14, rois = 3, output_dim = 2, pooled_size = 7,
                       modulation = "mask" },
}
END2
prints "two: deform_conv2d
  input     input   f32  nchw  [1,4,14,?]
  weight    weight  f32  oihw  [8,4,3,3]
  bias      input   f32  -     [8]
  offset    input   f32  nchw  [1,36,14,?]  by group, then tap (row by row), then dy, dx
  mask      input   f32  nchw  [1,18,14,?]  by group, then tap (row by row)
  scale     input   f32  -     [8]
  shift     input   f32  -     [8]
  residual  input   f32  nchw  [1,8,14,?]
  output    output  f32  nchw  [1,8,14,?]" show tensors all.lua --kernel two
channels() { # KERNEL TENSOR WORDS
    works show tensors all.lua --kernel "$1"
    same "channels of $2 of $1" "$3" "$(printf '%s\n' "$out" | sed -nE "s/^  $2 .*\\]  //p")"
}
channels swapped offset "by group, then tap (row by row), then dx, dy"
channels planes offset "dx by group, then tap (row by row); from 18 dy likewise"
channels ascend offset_mask \
    "offsets dx by group, then tap (row by row); from 9 dy likewise; from 18 masks, by group, then tap"
channels one offset_mask "offsets by group, then tap (row by row), then dy, dx; from 36 masks, by group, then tap"
channels deform_conv2d_pack offset_bias \
    "outputs: by group, then tap (row by row), then dy, dx; from 18 masks, by group, then tap"
channels dcnv3 offset "by group, then tap (column by column), then dx, dy"
channels dcnv4 offset_mask "by group: dx, dy of each tap (column by column), then 9 masks; from 54 unused"
channels dcnv3_module offset_weight "outputs: by group, then tap (column by column), then dx, dy"
channels roi_pool rois "image, x1, y1, x2, y2"
channels alone rois "x1, y1, x2, y2"
channels deform_ps_roi_pool trans "by class: dx, dy of every part"
channels deform_roi_pool_pack offset_fc_4_weight "outputs: dx of every bin, then dy"
works show tensors all.lua --kernel two --json
same "as JSON" '"schema":1,"kernels":[{"name":"two","op":"deform_conv2d","tensors":[{"name":"input","role":"input",' \
    "$(printf '%s' "$out" | tr -d ' \n' | grep -oE '"schema.*' | cut -c1-99)"
same "a dynamic size is null" '"shape":[1,4,14,null]' "$(printf '%s' "$out" | tr -d ' \n' | grep -oE '"shape":\[1,4[^]]*\]')"
expect 2 "dcngen: show tensors has no option '--target'" show tensors all.lua --target native

# ---- the reference page has them all
works show tensors all.lua
names=$(printf '%s\n' "$out" | sed -nE 's/^  ([a-z_0-9]+) .*/\1/p' | sort -u)
same "many tensors" yes "$([ "$(wc -l <<<"$names")" -gt 40 ] && echo yes)"
for name in $names; do
    same "docs/SPEC.md has $name" yes "$(grep -qE "\`$name(\[|\`)" "$SOURCE_DIR/docs/SPEC.md" && echo yes)"
done
finish
