-- The deformable layers of known networks: what `dcngen sweep plan --canonical` takes.
--
--   dcngen sweep plan --canonical -D layout=nhwc -D kind=dcn --threads 1,4 -o plan.jsonl
--
-- Shapes as the models' public configurations make them, for one picture of the size that the models are
-- trained or published with.  kind: all, dcn (DCNv1, DCNv2) or internimage (DCNv3, DCNv4); layout and bias are
-- those of the DCN layers, since DCNv3 and DCNv4 are nhwc and have none.
-- SPDX-License-Identifier: Apache-2.0
local kind, layout = param("kind", "all"), param("layout", "nchw")
local bias, dtype = param("bias", false), param("dtype", "f32")
local v1, v2, both = { "none" }, { "mask" }, { "none", "mask" }

-- model, layer, modulations, input: channels, height, width, then output channels and what is not usual
local layers = {
  -- mmdetection: Faster R-CNN with ResNet-50 or -101, dconv and mdconv in c3 to c5, 800 x 1344
  { "resnet", "c3_0", both, 128, 200, 336, 128, stride = 2 },
  { "resnet", "c3", both, 128, 100, 168, 128 },
  { "resnet", "c4_0", both, 256, 100, 168, 256, stride = 2 },
  { "resnet", "c4", both, 256, 50, 84, 256 },
  { "resnet", "c5_0", both, 512, 50, 84, 512, stride = 2 },
  { "resnet", "c5", both, 512, 25, 42, 512 },
  { "resnet_group4", "c3", both, 128, 100, 168, 128, offset_groups = 4 },
  { "resnet_group4", "c4", both, 256, 50, 84, 256, offset_groups = 4 },
  { "resnet_group4", "c5", both, 512, 25, 42, 512, offset_groups = 4 },
  -- the same with ResNeXt-101 32x4d
  { "resnext", "c3", v1, 256, 100, 168, 256, groups = 32 },
  { "resnext", "c4", v1, 512, 50, 84, 512, groups = 32 },
  { "resnext", "c5", v1, 1024, 25, 42, 1024, groups = 32 },
  -- mmdetection: heads of VFNet and DyHead, 800 x 1344
  { "vfnet", "p3", v1, 256, 100, 168, 256 },
  { "vfnet", "p5", v1, 256, 25, 42, 256 },
  { "dyhead", "p3", v2, 256, 100, 168, 256 },
  { "dyhead", "p4_low", v2, 256, 100, 168, 256, stride = 2 },
  -- YOLACT++ with ResNet-101, 550 x 550
  { "yolact", "c3_0", v2, 128, 138, 138, 128, stride = 2 },
  { "yolact", "c3", v2, 128, 69, 69, 128 },
  { "yolact", "c4_0", v2, 256, 69, 69, 256, stride = 2 },
  { "yolact", "c4", v2, 256, 35, 35, 256 },
  { "yolact", "c5_0", v2, 512, 35, 35, 512, stride = 2 },
  -- CenterNet with DLA-34, 512 x 512
  { "centernet", "64_64", v2, 64, 128, 128, 64 },
  { "centernet", "128_64", v2, 128, 64, 64, 64 },
  { "centernet", "128_128", v2, 128, 64, 64, 128 },
  { "centernet", "256_128", v2, 256, 32, 32, 128 },
  { "centernet", "256_256", v2, 256, 32, 32, 256 },
  { "centernet", "512_256", v2, 512, 16, 16, 256 },
  { "centernet", "256_64", v2, 256, 32, 32, 64 },
  -- mmocr: DBNet++ with ResNet-50, 640 x 640 and 1024 x 1824
  { "dbnet", "c3", v2, 128, 80, 80, 128 },
  { "dbnet", "c4", v2, 256, 40, 40, 256 },
  { "dbnet", "c5", v2, 512, 20, 20, 512 },
  { "dbnet_test", "c3", v2, 128, 128, 228, 128 },
  { "dbnet_test", "c4", v2, 256, 64, 114, 256 },
  { "dbnet_test", "c5", v2, 512, 32, 57, 512 },
  -- BasicSR: EDVR and BasicVSR++, frames of 180 x 320
  { "edvr_l", "l1", v2, 128, 180, 320, 128, offset_groups = 8 },
  { "edvr_l", "l2", v2, 128, 90, 160, 128, offset_groups = 8 },
  { "edvr_l", "l3", v2, 128, 45, 80, 128, offset_groups = 8 },
  { "edvr_m", "l1", v2, 64, 180, 320, 64, offset_groups = 8 },
  { "basicvsrpp", "align", v2, 128, 180, 320, 64, offset_groups = 16 },
  { "basicvsrpp_train", "align", v2, 128, 64, 64, 64, offset_groups = 16 },
  -- BEVFormer with ResNet-101: six cameras, 928 x 1600
  { "bevformer", "c4", v2, 256, 58, 100, 256, batch = 6 },
  { "bevformer", "c5", v2, 512, 29, 50, 512, batch = 6 },
}

-- BiRefNet, 1024 x 1024: kernels of three sizes on four maps
for _, size in ipairs { 32, 64, 128, 256 } do
  for _, k in ipairs { 1, 3, 7 } do
    layers[#layers + 1] = { "birefnet", size .. "_k" .. k, v2, 64, size, size, 256, kernel = k }
  end
end

-- model, operators, groups of the first stage, size of its map; channels are 16 a group, and from stage to
-- stage there are twice as many on a quarter of the map
local images = {
  { "internimage_t", "34", 4, 56, 56 },
  { "internimage_s", "34", 5, 56, 56 },
  { "internimage_b", "34", 7, 56, 56 },
  { "internimage_l", "34", 10, 96, 96 },
  { "internimage_xl", "3", 12, 96, 96 },
  { "internimage_t_det", "3", 4, 200, 336 },
  { "internimage_h", "3", 10, 160, 160, channels = 32 },
}

local kernels = {}

local function add_layer(l, modulation)
  local k = l.kernel or 3
  kernels[#kernels + 1] = deform_conv2d {
    name = l[1] .. "_" .. l[2] .. (modulation == "mask" and "_v2" or "_v1"),
    batch = l.batch or 1, in_channels = l[4], height = l[5], width = l[6], out_channels = l[7],
    kernel_size = k, stride = l.stride or 1, padding = k // 2,
    groups = l.groups or 1, offset_groups = l.offset_groups or 1,
    modulation = modulation, bias = bias, dtype = dtype, layout = layout,
  }
end

local function add_stages(m, version)
  local make = version == "3" and dcnv3 or dcnv4
  for stage = 1, 4 do
    local scale = 2 ^ (stage - 1) // 1 | 0
    kernels[#kernels + 1] = make {
      name = m[1] .. "_stage" .. stage .. "_v" .. version, dtype = dtype,
      channels = m[3] * scale * (m.channels or 16), groups = m[3] * scale,
      height = m[4] // scale, width = m[5] // scale,
    }
  end
end

if kind ~= "internimage" then
  for _, l in ipairs(layers) do
    for _, modulation in ipairs(l[3]) do add_layer(l, modulation) end
  end
end
if kind ~= "dcn" then
  for _, m in ipairs(images) do
    for version in m[2]:gmatch "%d" do add_stages(m, version) end
  end
end
return kernels
