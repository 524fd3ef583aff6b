"""torchvision_patch.py: a model of torchvision's layers, unchanged, before and after dcngen takes its operators over.

    PYTHONPATH=python DCNGEN_LIBRARY=build/release/libdcngen.so /usr/bin/python3 examples/python/torchvision_patch.py

SPDX-License-Identifier: Apache-2.0
"""

import time

import torch
from torch import nn
from torchvision.ops import DeformConv2d

import dcngen.torch


class Layer(nn.Module):
    """DCNv2: a plain convolution makes offsets and masks for the deformable one."""

    def __init__(self, channels):
        super().__init__()
        self.offset_mask = nn.Conv2d(channels, 27, 3, padding=1)
        self.conv = DeformConv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        offset, mask = self.offset_mask(x).split((18, 9), 1)
        return self.conv(x, offset, mask.sigmoid()).relu()


def median_ms(model, image, calls=7):
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        model(image)
        times.append(time.perf_counter() - start)
    return sorted(times)[calls // 2] * 1e3


torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(3, 64, 7, 4, 3), Layer(64), Layer(64)).eval()
image = torch.randn(1, 3, 224, 224)

with torch.no_grad():
    before = model(image)
    slow = median_ms(model, image)

    dcngen.torch.patch("torchvision")

    after = model(image)
    fast = median_ms(model, image)

difference = (after - before).abs().max()
print(f"{torch.get_num_threads()} threads, median of 7 calls of the whole model")
print(f"torchvision {slow:.1f} ms, dcngen {fast:.1f} ms: {slow / fast:.1f} times as fast")
print(f"largest difference {difference:.1e} of {before.abs().max():.1f}")
print(dcngen.torch.explain())
assert difference < 1e-4
