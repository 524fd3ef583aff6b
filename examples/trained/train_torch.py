"""train_torch.py: the network of deform.lua, trained by PyTorch on what train recorded.

    ./train -n 20 -r record deform.lua ../rectify/original.png first.safetensors
    python3 train_torch.py record

Both begin with the same parameters and see the same scenes at the same rates.  Prints the losses of both; fails if
one of the first 20 steps differs by more than 0.001 of the loss.  With -p in the first command: the plain twin.

SPDX-License-Identifier: Apache-2.0
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchvision.ops import deform_conv2d

STEPS, TOLERANCE = 20, 1e-3


def read_safetensors(path):
    """The tensors of a file by name: a length, JSON, and the numbers."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            begin, end = (8 + size + at for at in entry["data_offsets"])
            values = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
            tensors[name] = torch.tensor(values.copy())
    return tensors


class Network(nn.Module):
    """As deform.lua; without layers called offset the plain twin."""

    def __init__(self, tensors):
        super().__init__()
        self.moving = "offset1.weight" in tensors
        channels = {"stem1": (3, 16), "stem2": (16, 32), "head": (32, 6)}
        for i in "123":
            channels["deform" + i] = (32, 32)
            if self.moving:
                channels["offset" + i] = (32, 18)
        for name, (inputs, outputs) in channels.items():
            size, stride = (1 if name == "head" else 3), (2 if name.startswith("stem") else 1)
            self.add_module(name, nn.Conv2d(inputs, outputs, size, stride, size // 2))
        self.load_state_dict(tensors)

    def forward(self, x):
        x = self.stem2(self.stem1(x).relu()).relu()
        for i in "123":
            layer = getattr(self, "deform" + i)
            if self.moving:
                offset = getattr(self, "offset" + i)(x)
                x = deform_conv2d(x, offset, layer.weight, layer.bias, padding=1).relu()
            else:
                x = layer(x).relu()
        return self.head(x)


def train(folder):
    """For each step: loss as recorded, and here."""
    steps = np.loadtxt(folder / "steps.txt", ndmin=2)
    images = np.load(folder / "images.npy", mmap_mode="r")
    classes = np.load(folder / "classes.npy")
    net = Network(read_safetensors(folder / "initial.safetensors"))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    for step, (_, rate, recorded, _) in enumerate(steps):
        optimizer.param_groups[0]["lr"] = rate
        x = (torch.tensor(images[step]).permute(0, 3, 1, 2).float() - 128) / 64
        loss = nn.functional.cross_entropy(net(x), torch.tensor(classes[step]).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield recorded, loss.item()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: train_torch.py FOLDER")
    worst = 0.0
    print("step   dcngen  PyTorch  difference")
    for step, (ours, theirs) in enumerate(train(Path(sys.argv[1]))):
        difference = abs(ours - theirs) / theirs
        if step < STEPS:
            worst = max(worst, difference)
        if step < 5 or (step + 1) % 5 == 0:
            print(f"{step + 1:4}  {ours:7.5f}  {theirs:7.5f}  {difference:.1e}")
    print(f"largest difference of the first {STEPS} steps: {worst:.1e} of the loss")
    sys.exit(worst > TOLERANCE)


main()
