"""gradients.py: gradients of dcngen and of PyTorch's operators, taking turns in one process.

    python3 bench/gradients.py                       all layers, one thread and two
    python3 bench/gradients.py --only A,H1 --threads 1 --rounds 9
    python3 bench/gradients.py --skip torchvision    without who takes most of the time

For each layer of bench/workloads.lua: dcngen's gradient kernel of all operands in nhwc and in nchw, its forward kernel in
nhwc, and what PyTorch has: torchvision's backward of the deformable convolution and of roi_align, the backward of a
grid_sample formulation of the DCNv3 cores, and, of each convolution, the backward of the plain one of that shape, which is
oneDNN's.  Gradients are compared before anything is timed.  Then all take turns, round after round, each beginning with
another one; times are medians, ratios medians of those within a round.  A turn begins after a pause: PyTorch's threads
still spin for some milliseconds after their work, on cores that whoever comes next needs.

Needs numpy, torch and torchvision, and libdcngen (DCNGEN_LIBRARY, else build/release).
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("DCNGEN_LIBRARY", str(HERE.parent / "build/release/libdcngen.so"))
sys.path.insert(0, str(HERE.parent / "python"))

import numpy as np
import torch
import torchvision

import dcngen

OPS = {"deform_conv2d": "A B C D E F G K7", "dcnv3": "H1 H2 H3 H4", "roi_align": "R"}
TOLERANCE = 1e-3  # of the root mean square: both add in f32, in other orders
JUMPS = 1e-3  # slopes jump where a position is whole: a few are taken for the other side by f32
DEVIATION = 2.0  # of the offsets, in pixels
PAUSE = 0.02  # seconds before a turn


def placed(x):
    """A copy that begins on a cache line, where torch places its tensors and numpy does not."""
    copy = torch.empty(x.shape).numpy()
    copy[...] = x
    return copy


def channels_last(x):
    return placed(np.moveaxis(x, 1, -1))


class Ours:
    """A kernel of dcngen on arrays that are given in nchw."""

    def __init__(self, op, name, layout, arrays, threads):
        path = HERE / "gradients.lua"
        self.kernel = dcngen.Kernel(path, {"op": op, "layout": layout}, name=name, threads=threads)
        self.turned = layout == "nhwc"
        self.given = {}
        for t in self.kernel.tensors:
            if t.role == "out":
                continue
            x = np.ascontiguousarray(arrays[t.name])
            if t.role == "weight":
                x = self.kernel.pack(x)
            elif self.turned and x.ndim == 4:
                x = channels_last(x)
            self.given[t.name] = x
        made = (t for t in self.kernel.tensors if t.role == "out")
        self.outputs = {t.name: torch.empty(t.shape).numpy() for t in made}
        self.out = self.outputs if len(self.outputs) > 1 else next(iter(self.outputs.values()))
        self.run()

    def run(self):
        self.kernel(**self.given, out=self.out)

    def gradient(self, name):
        x = self.outputs["grad_" + name]
        return np.moveaxis(x, -1, 1) if self.turned and name != "weight" and x.ndim == 4 else x


class Torchvision:
    """The backward of its deformable convolution, nchw."""

    label = "torchvision"

    def __init__(self, k, arrays):
        t = {n: torch.from_numpy(x) for n, x in arrays.items()}
        mask = t.get("mask", torch.zeros(1, 1))
        s, p, d = k["stride"], k["padding"], k["dilation"]
        rest = (s, s, p, p, d, d, k["groups"], k["offset_groups"], "mask" in t)
        bias = torch.zeros(k["out"])
        op = torch.ops.torchvision._deform_conv2d_backward
        self.run = lambda: op(
            t["grad_output"], t["input"], t["weight"], t["offset"], mask, bias, *rest
        )

    def gradients(self):
        return dict(zip(("input", "weight", "offset", "mask"), (x.numpy() for x in self.run())))


class Plain:
    """The backward of the plain convolution of that shape: data and weights, channels last."""

    label = "oneDNN, plain"

    def __init__(self, k, arrays):
        last = {"memory_format": torch.channels_last}
        g, x, w = (
            torch.from_numpy(arrays[n]).to(**last) for n in ("grad_output", "input", "weight")
        )
        s, p, d = ([k[n]] * 2 for n in ("stride", "padding", "dilation"))
        wanted = [True, True, False]
        op = torch.ops.aten.convolution_backward
        self.run = lambda: op(g, x, w, None, s, p, d, False, [0, 0], k["groups"], wanted)

    def gradients(self):
        return {}  # of another operator


class GridSample:
    """DCNv3's core as InternImage writes it for CPUs: grid_sample and a sum over the points."""

    label = "torch grid_sample"

    def __init__(self, k, arrays):
        self.k, g = k, k["groups"]
        self.x, self.offset, self.mask = (
            torch.from_numpy(channels_last(arrays[n])).requires_grad_()
            for n in ("input", "offset", "mask")
        )
        self.g = torch.from_numpy(channels_last(arrays["grad_output"]))
        n, h, w, c = self.x.shape
        points = torch.tensor([[i, j] for i in range(3) for j in range(3)], dtype=torch.float32)
        rows, cols = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        centre = torch.stack([cols, rows], -1).reshape(1, h * w, 1, 2) + points - 1
        size = torch.tensor([w, h], dtype=torch.float32)
        maps = self.x.reshape(n, h * w, g, c // g).permute(0, 2, 3, 1).reshape(n * g, c // g, h, w)
        at = centre.unsqueeze(2) + self.offset.reshape(n, h * w, g, 9, 2)
        at = ((2 * at + 1) / size - 1).transpose(1, 2).reshape(n * g, h * w, 9, 2)
        mask = self.mask.reshape(n, h * w, g, 9)
        if k["softmax"]:
            mask = torch.softmax(mask, -1)
        mask = mask.transpose(1, 2).reshape(n * g, 1, h * w, 9)
        seen = torch.nn.functional.grid_sample(maps, at, "bilinear", "zeros", align_corners=False)
        y = (seen * mask).sum(-1).view(n, c, h * w)
        self.y = y.transpose(1, 2).reshape(n, h, w, c)
        self.of = (self.x, self.offset, self.mask)

    def run(self):
        return torch.autograd.grad(self.y, self.of, self.g, retain_graph=True)

    def gradients(self):
        made = (np.moveaxis(x.numpy(), -1, 1) for x in self.run())
        return dict(zip(("input", "offset", "mask"), made))


class Regions:
    """The backward of torchvision's roi_align, nchw."""

    label = "torchvision"

    def __init__(self, k, arrays):
        g, rois = torch.from_numpy(arrays["grad_output"]), torch.from_numpy(arrays["rois"])
        size = arrays["input"].shape
        op = torch.ops.torchvision._roi_align_backward
        self.run = lambda: op(g, rois, 1 / 16, 7, 7, *size, 2, True)

    def gradients(self):
        return {"input": self.run().numpy()}


PEERS = {"deform_conv2d": (Torchvision, Plain), "dcnv3": (GridSample,), "roi_align": (Regions,)}


def shapes_of(op, name):
    """The operands of the gradient kernel, in nchw, and what its peers must be told."""
    params = {"op": op, "layout": "nchw" if op != "dcnv3" else "nhwc"}
    kernel = dcngen.Kernel(HERE / "gradients.lua", params, name=name + "_grad", threads=1)
    text = kernel.spec
    forward = dcngen.Kernel(HERE / "gradients.lua", params, name=name, threads=1)
    shapes = {t.name: t.shape for k in (forward, kernel) for t in k.tensors if t.role != "out"}
    if op == "dcnv3":
        shapes = {n: (s[0], s[3], s[1], s[2]) for n, s in shapes.items()}

    def number(key, otherwise):
        at = text.find(f" {key} = ")
        return (
            int(text[at:].split("=")[1].strip(" {").split(",")[0].split(" ")[0])
            if at >= 0
            else otherwise
        )

    told = {n: number(n, 1) for n in ("stride", "padding", "dilation", "groups", "offset_groups")}
    told["out"] = shapes["grad_output"][1]
    told["softmax"] = "softmax" in text
    return shapes, told


def filled(shapes):
    rng = np.random.default_rng(7)
    arrays = {}
    for name, shape in shapes.items():
        x = rng.standard_normal(shape, dtype=np.float32)
        if name == "offset":
            x *= DEVIATION
        elif name == "mask":
            x = 1 / (1 + np.exp(-x))
        elif name == "rois":
            corner = rng.uniform(0, 500, (shape[0], 2))
            x = np.column_stack(
                [np.zeros(shape[0]), corner, corner + rng.uniform(50, 400, (shape[0], 2))]
            )
        arrays[name] = placed(x)
    return arrays


def compare(ours, peer, name):
    for of, want in peer.gradients().items():
        if "grad_" + of not in ours.outputs:
            continue
        got = ours.gradient(of)
        rms = float(np.sqrt(np.mean(np.square(want, dtype=np.float64))))
        off = float(np.mean(np.abs(got - want) > TOLERANCE * rms))
        if off > JUMPS:
            raise SystemExit(
                f"{name}: {off:.2%} of grad_{of} are off by {TOLERANCE} of its root mean square"
            )


def clocked(run):
    end = time.perf_counter() + PAUSE
    while time.perf_counter() < end:  # awake, so that this core does not slow down
        pass
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def measure(op, name, threads, rounds, skip):
    torch.set_num_threads(threads)
    shapes, told = shapes_of(op, name)
    arrays = filled(shapes)
    rows = {"nhwc": Ours(op, name + "_grad", "nhwc", arrays, threads)}
    if op != "dcnv3":
        rows["nchw"] = Ours(op, name + "_grad", "nchw", arrays, threads)
    rows["forward"] = Ours(op, name, "nhwc", arrays, threads)
    for make in (peer for peer in PEERS[op] if peer.label not in skip):
        peer = make(told, arrays)
        compare(rows["nhwc"], peer, name)
        rows[peer.label] = peer
    times = {label: [] for label in rows}
    labels = list(rows)
    for label in labels:
        rows[label].run()
    for turn in range(rounds):
        for i in range(len(labels)):
            label = labels[(turn + i) % len(labels)]
            times[label].append(clocked(rows[label].run))
    base = times["nhwc"]
    for label in labels:
        ms = statistics.median(times[label]) * 1e3
        ratio = statistics.median(t / b for t, b in zip(times[label], base))
        print(f"{name:3} {threads} {label:18} {ms:9.3f} ms  {ratio:7.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help="layers, by comma")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--skip", default="", help="peers that are left out, by comma")
    a = parser.parse_args()
    print(
        f"torch {torch.__version__}, torchvision {torchvision.__version__}; time / that of dcngen's gradients in nhwc"
    )
    for op, names in OPS.items():
        for name in names.split():
            if a.only and name not in a.only.split(","):
                continue
            for threads in a.threads.split(","):
                measure(op, name, int(threads), a.rounds, a.skip.split(","))


main()
