"""train_torch.py: a small network with deformable layers, trained with torchvision's gradients and with dcngen's.

    PYTHONPATH=python DCNGEN_LIBRARY=build/release/libdcngen.so /usr/bin/python3 examples/python/train_torch.py

The task: tell discs, squares and crosses apart, which stand anywhere, in any size, in noise. Both runs see the same numbers.

SPDX-License-Identifier: Apache-2.0
"""

import time

import torch
from torch import nn
from torchvision.ops import DeformConv2d

import dcngen.torch

torch.set_default_dtype(torch.float64)
SIZE, BATCH, STEPS = 20, 12, 30


class Layer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.offset_mask = nn.Conv2d(inputs, 27, 3, stride=2, padding=1)
        nn.init.zeros_(self.offset_mask.weight)
        nn.init.zeros_(self.offset_mask.bias)
        self.conv = DeformConv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        offset, mask = self.offset_mask(x).split((18, 9), 1)
        return self.norm(self.conv(x, offset, 2 * mask.sigmoid())).relu()


def network():
    torch.manual_seed(0)
    stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU())
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3))
    return nn.Sequential(stem, Layer(16, 32), Layer(32, 32), head)


def shapes(generator):
    """Images and what is on them."""
    kind = torch.randint(0, 3, (BATCH,), generator=generator)
    r = 4 + 3 * torch.rand(BATCH, 1, 1, generator=generator)
    y, x = 7 + 6 * torch.rand(2, BATCH, 1, 1, generator=generator)
    dy = (torch.arange(SIZE).view(1, SIZE, 1) - y).abs()
    dx = (torch.arange(SIZE).view(1, 1, SIZE) - x).abs()
    disc, square = dy**2 + dx**2 < r**2, torch.maximum(dy, dx) < r * 0.9
    cross = square & (torch.minimum(dy, dx) < r * 0.3)
    on = torch.stack((disc, square, cross))[kind, torch.arange(BATCH)]
    return (on + 0.1 * torch.randn(on.shape, generator=generator))[:, None], kind


def train():
    """The loss of every step."""
    model, generator = network(), torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    losses = []
    for _ in range(STEPS):
        images, kinds = shapes(generator)
        loss = nn.functional.cross_entropy(model(images), kinds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def timed(run):
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


theirs, their_time = timed(train)
with dcngen.torch.patch("torchvision"):
    train()  # compiles
    ours, our_time = timed(train)

for step in range(0, STEPS, 6):
    print(f"step {step:3}: loss {theirs[step]:.6f} with torchvision, {ours[step]:.6f} with dcngen")
difference = max(abs(a - b) for a, b in zip(theirs, ours, strict=True))
print(
    f"torchvision {their_time:.2f} s, dcngen {our_time:.2f} s; largest difference of losses {difference:.1e}"
)
assert difference < 1e-6
assert sum(ours[-5:]) < 0.9 * sum(ours[:5])
