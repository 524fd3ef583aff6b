"""visualize_torch.py: where a model of PyTorch looks on a photograph, with torchvision's deformable layers.

    PYTHONPATH=python DCNGEN_LIBRARY=build/release/libdcngen.so /usr/bin/python3 examples/python/visualize_torch.py [FOLDER]

The model is not trained: its offsets are random, and so are the pictures of them. FOLDER/index.html shows all of it.

SPDX-License-Identifier: Apache-2.0
"""

import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from torchvision.ops import DeformConv2d

import dcngen.torch

PHOTO = Path(__file__).resolve().parents[1] / "rectify/original.png"


class Layer(nn.Module):
    """DCNv2: offsets and masks come from a convolution."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.offset_mask = nn.Conv2d(inputs, 27, 3, stride, padding=1)
        self.conv = DeformConv2d(inputs, outputs, 3, stride, padding=1)

    def forward(self, x):
        offset, mask = self.offset_mask(x).split((18, 9), 1)
        return self.conv(x, 4 * offset, mask.sigmoid()).relu()


def main():
    torch.manual_seed(1)
    model = nn.Sequential()
    model.add_module("stem", nn.Conv2d(3, 8, 3, stride=2, padding=1))
    for i, inputs in enumerate((8, 16, 16), 1):
        model.add_module(f"deform{i}", Layer(inputs, 16, stride=2 if i == 1 else 1))
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="dcngen-pictures-"))
    result = dcngen.torch.visualize(
        model,
        PHOTO,
        layer="deform3",
        node=(9, 8),
        size=(64, 64),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        show="receptive-field,sampling,points,offsets",
        output=folder,
    )
    (node,) = result["nodes"]
    for shown in node["shown"]:
        assert all(check["passed"] for check in shown["checks"]), shown["checks"]
        print(
            f"{shown['method']}: {len(shown['pictures'])} pictures, {len(shown['checks'])} checks"
        )
    field = node["shown"][0]["figures"]
    print(f"{field['through_offsets']:.1f} % of the receptive field goes through offsets")
    print(f"{folder}/index.html  all of them")


main()
