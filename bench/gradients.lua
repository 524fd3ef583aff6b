-- Gradients of the layers of workloads.lua, and the layers: the spec of gradients.py.
-- SPDX-License-Identifier: Apache-2.0
local all = include "workloads.lua"
if type(all) ~= "table" then all = { all } end -- R is alone
local kernels = {}
for _, kernel in ipairs(all) do
  kernels[#kernels + 1] = kernel
  kernels[#kernels + 1] = gradient(kernel)
end
return kernels
