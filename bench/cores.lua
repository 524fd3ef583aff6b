-- The layers that many cores are guessed for (bench/cores.c), one picture, f32.
--
--   dcngen_cores bench/cores.lua 5 4,8,16=0.75,32=0.6,64 -D layout=nchw resnet224
--
-- Shapes as the models' public configurations make them:
--   resnet224, resnet800   ResNet-50 with mdconv in c3 to c5, pictures of 224x224, and of 800x1344
--                          (mmdetection configs/dcn); c3_0 is the first of its stage, stride 2
--   image224, image800     DCNv3 of InternImage-T, for the same sizes (InternImage, classification and
--                          detection); module224, module800 are the layers around them;
--                          imageh640 is InternImage-H, whose last stages have up to 2560 channels
--   dla34                  CenterNet with DLA-34, 512x512 (pose_dla_dcn.py)
--   vfnet, dyhead          heads of detectors, 800x1344 (mmdetection vfnet_head.py, dyhead.py)
--   ppyolo, yolact, dbnet  last stages of 640x640 (PaddleDetection ppyolov2_r50vd_dcn.yml), 550x550
--                          (yolact config.py), 640x640 (mmocr _base_dbnetpp_resnet50-dcnv2_fpnc.py)
--   roi                    regions of ResNet-50 c4, few of them
-- SPDX-License-Identifier: Apache-2.0
local layout = param("layout", "nhwc")
local kernels = {}

local function layer(name, input, height, width, output, more)
  local l = {
    name = name, in_channels = input, height = height, width = width, out_channels = output,
    kernel_size = 3, padding = 1, modulation = "mask", layout = layout,
  }
  for key, value in pairs(more or {}) do l[key] = value end
  kernels[#kernels + 1] = deform_conv2d(l)
end

local first, v1 = { stride = 2 }, { modulation = "none" }

-- c3 to c5 of a ResNet whose c2 is so large
local function resnet(name, height, width)
  local function half(n) return (n + 1) // 2 end
  for stage = 3, 5 do
    local channels = 32 << (stage - 1)
    layer(name .. "_c" .. stage .. "_0", channels, height, width, channels, first)
    height, width = half(height), half(width)
    layer(name .. "_c" .. stage, channels, height, width, channels)
  end
end

local function image(name, height, width, make, first_channels, group_channels)
  for stage = 1, 4 do
    local channels = (first_channels or 64) << (stage - 1)
    kernels[#kernels + 1] = make {
      name = name .. "_stage" .. stage, channels = channels,
      groups = channels // (group_channels or 16),
      height = height, width = width,
    }
    height, width = height // 2, width // 2
  end
end

resnet("resnet224", 56, 56)
resnet("resnet800", 200, 336)
image("image224", 56, 56, dcnv3)
image("image800", 200, 336, dcnv3)
image("imageh640", 160, 160, dcnv3, 320, 32)
image("module224", 56, 56, dcnv3_module)
image("module800", 200, 336, dcnv3_module)

layer("dla34_64_64", 64, 128, 128, 64)
layer("dla34_128_64", 128, 64, 64, 64)
layer("dla34_128_128", 128, 64, 64, 128)
layer("dla34_256_128", 256, 32, 32, 128)
layer("dla34_256_256", 256, 32, 32, 256)
layer("dla34_512_256", 512, 16, 16, 256)
layer("dla34_256_64", 256, 32, 32, 64)
layer("vfnet_p3", 256, 100, 168, 256, v1)
layer("vfnet_p4", 256, 50, 84, 256, v1)
layer("vfnet_p5", 256, 25, 42, 256, v1)
layer("dyhead_p3", 256, 100, 168, 256)
layer("dyhead_p4_low", 256, 100, 168, 256, first)
layer("ppyolo_c5", 512, 20, 20, 512)
layer("yolact_c3", 128, 69, 69, 128)
layer("yolact_c4", 256, 35, 35, 256)
layer("yolact_c5_0", 512, 35, 35, 512, first)
layer("dbnet_c3", 128, 80, 80, 128)
layer("dbnet_c4", 256, 40, 40, 256)
layer("dbnet_c5", 512, 20, 20, 512)

for _, rois in ipairs { 1, 5, 100 } do
  local function region(make, name, l)
    l.name, l.rois, l.layout = "roi_" .. name .. "_" .. rois, rois, layout
    l.height, l.width, l.output_size, l.spatial_scale = 50, 76, 7, 1 / 16
    kernels[#kernels + 1] = make(l)
  end
  region(roi_pool, "pool", { channels = 256 })
  region(roi_align, "align", { channels = 256, sampling_ratio = 2, aligned = true })
  region(deform_roi_pool, "deform", { channels = 256, sampling_ratio = 2 })
end
return kernels
