"""What explain() keeps: texts, and no kernels.

SPDX-License-Identifier: Apache-2.0
"""

import gc
from weakref import WeakSet

import torch

import dcngen
import dcngen.torch
from dcngen import cache


def test_kernels_are_freed():
    layer = dcngen.torch.DeformConv2dPack(4, 6, 3, padding=1).eval()
    with torch.no_grad():
        for _ in range(3):  # so that weights are kept, too
            layer(torch.randn(1, 4, 5, 5))
    x, offset = torch.randn(1, 4, 5, 5, requires_grad=True), torch.zeros(1, 18, 5, 5)
    dcngen.torch.deform_conv2d(x, offset, layer.weight, padding=1).sum().backward()
    before = dcngen.torch.explain()
    slots = [s for family in cache._families.values() for s in family._slots.values()]
    kernels = WeakSet(s.kernel for s in slots)
    assert len(kernels) == 3
    del slots
    dcngen.clear_cache()
    gc.collect()
    assert not kernels
    after = dcngen.torch.explain()
    assert "DeformConv2dPack, 3 times" in before
    assert "DeformConv2dPack, 3 times" in after
    assert "freed since" not in before
    assert after.count("freed since") == 3
    assert [line for line in before.splitlines() if "schedule:" not in line] == [
        line for line in after.splitlines() if "schedule:" not in line
    ]
