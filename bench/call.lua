-- A layer that is next to no work: what is left of its time is what a call costs.
--
--   bench/run.sh --suite hosts --spec bench/call.lua --threads 1
--
-- SPDX-License-Identifier: Apache-2.0
local _ = param("op", "deform_conv2d") -- which every spec of the comparison is told
return deform_conv2d {
  name = "call", in_channels = 4, out_channels = 4, height = 4, width = 4, kernel_size = 3, padding = 1,
  modulation = "mask", layout = param("layout", "nchw"),
}
