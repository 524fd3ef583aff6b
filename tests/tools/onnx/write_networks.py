"""write_networks.py FOLDER: the networks of examples/networks as PyTorch modules, exported with random parameters.

Writes NETWORK.onnx, and NETWORK.npz with the inputs and what torch makes of them. Run by a Python with torch and
torchvision, which may not have ONNX Runtime. The modules are those of bench/.

SPDX-License-Identifier: Apache-2.0
"""

import sys
from pathlib import Path

import numpy as np
import torch

SOURCES = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCES / "bench"))

import network_export  # noqa: E402
import network_peers  # noqa: E402

# The smallest sizes at which every layer has something to do.
SIZES = {
    "resnet50_dcn": {"height": 64, "width": 96},
    "internimage_t": {"height": 64, "width": 96},
    "basicvsrpp_align": {"height": 17, "width": 20},
    "birefnet_decoder": {"size": 64},
    "rfcn_head": {"height": 8, "width": 11, "rois": 5},
}


def write(network: str, folder: Path) -> None:
    model = network_peers.build(network)
    inputs = network_peers.random_inputs(network, SIZES[network])
    names = network_peers.NETWORKS[network][2]
    with torch.no_grad():
        made = model(*map(torch.from_numpy, inputs.values()))
    made = made if isinstance(made, tuple) else (made,)
    wanted = {f"want {name}": y.numpy() for name, y in zip(names, made, strict=True)}
    np.savez(folder / f"{network}.npz", **inputs, **wanted)
    if network == "internimage_t":
        model.use_core("trt")
    if network == "rfcn_head":
        model.exporting = True
    network_export.export(model, inputs, names, str(folder / f"{network}.onnx"))


def main(folder: Path) -> None:
    torch.manual_seed(0)
    for network in SIZES:
        write(network, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
