"""The networks of examples/networks, exported by PyTorch (write_networks.py), become specs that give its numbers.

SPDX-License-Identifier: Apache-2.0
"""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

import dcngen
import dcngen.onnx

FOLDER = Path(os.environ["EXPORTED"])
NETWORKS = [
    "resnet50_dcn",
    "internimage_t",
    "basicvsrpp_align",
    "birefnet_decoder",
    "rfcn_head",
]
DEFORMING = {
    "resnet50_dcn": "deform_conv2d {",
    "internimage_t": "dcnv3 {",
    "basicvsrpp_align": "deform_conv2d {",
    "birefnet_decoder": "deform_conv2d {",
    "rfcn_head": "deform_ps_roi_pool {",
}
TOLERANCE = 1e-4  # of the largest number


@pytest.mark.parametrize("network", NETWORKS)
def test_numbers_are_those_of_torch(network, tmp_path):
    arrays = dict(np.load(FOLDER / f"{network}.npz"))
    spec, weights = tmp_path / "net.lua", tmp_path / "net.safetensors"
    dcngen.onnx.to_spec(onnx.load(FOLDER / f"{network}.onnx"), spec, weights)
    assert DEFORMING[network] in spec.read_text()
    kernel = dcngen.Kernel(spec, threads=2)
    given = {name: arrays[name] for name in kernel.names if name in arrays}
    made = kernel(**given, parameters=kernel.pack(weights))
    for name, want in arrays.items():
        if name.startswith("want "):
            got = made[name.removeprefix("want ")] if isinstance(made, dict) else made
            off = np.abs(got.reshape(want.shape) - want).max()
            assert off <= TOLERANCE * np.abs(want).max(), name
