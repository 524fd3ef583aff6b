"""A decoder of BiRefNet's shape in four ways: eager PyTorch, ONNX Runtime's own kernel, decomposed, and rewritten for dcngen.

At each of four scales deformable convolutions of 1x1, 3x3 and 7x7 taps stand side by side; then the map is weighted per pixel,
enlarged, and a lateral convolution adds the next finer map. Batch norms are in the weights, which are random. The decomposed model
is what exporters write that know no DeformConv: some fifty nodes with GatherND for each; rewritten means dcngen.onnx.rewrite of
that. Every way has a process of its own, and memory is what it took at most beyond its imports.

    PYTHONPATH=python DCNGEN_LIBRARY=build/release/libdcngen.so python examples/onnx/onnxruntime_birefnet.py [SIZE] [--real]

SIZE is that of the largest of the four maps that come from the backbone. --real: as many channels as with Swin-L, and 256, which is
a picture of 1024x1024 (several GB). Needs onnx and onnxruntime 1.25 or later; for eager also torch and torchvision.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import contextlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

import dcngen.onnx

MAPS = ("x4", "x3", "x2", "x1")
KERNELS = (1, 1, 3, 7)
WAYS = {
    "eager": ("eager PyTorch", ("torch", "torchvision")),
    "own": ("ONNX Runtime's own kernel", ()),
    "decomposed": ("decomposed (GatherND)", ()),
    "rewritten": ("rewritten, with dcngen", ()),
}


def decoder(b, maps, inner, branch):
    """What is computed, in the words of whoever computes it or writes it down; a value is a pair of itself and its channels."""
    p = maps[0]
    for level, finer in zip((4, 3, 2), maps[1:], strict=True):
        p = b.conv(block(b, p, level, inner, branch), f"out{level}", finer[1], 3)
        gdt = b.conv(p, f"gdt{level}", 16, 3, "relu")
        p = b.mul(p, b.conv(gdt, f"weight{level}", 1, 1, "sigmoid"))
        p = b.add(b.twice_as_large(p), b.conv(finer, f"lateral{level}", finer[1], 1))
    y = b.conv(block(b, p, 1, inner, branch), "out1", p[1] // 2, 3)
    return b.conv(y, "logits", 1, 1)


def block(b, p, level, inner, branch):
    """Deformable convolutions side by side."""
    y = b.conv(p, f"in{level}", inner, 3, "relu")
    parts = []
    for i, k in enumerate(KERNELS):
        offset = b.conv(y, f"offset{level}.{i}", 2 * k * k, k)
        mask = b.twice(b.conv(y, f"mask{level}.{i}", k * k, k, "sigmoid"))
        parts.append(b.deform(y, offset, mask, f"deform{level}.{i}", branch, k))
    return b.conv(b.concat(parts), f"mix{level}", inner, 1, "relu")


def weight(name, *shape):
    """He's initialisation, of numbers that follow from the name; offsets are about a pixel."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return (rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)


class Eager:
    """PyTorch computes it; weights are made in the first call."""

    def __init__(self):
        self.torch = importlib.import_module("torch")
        self.deform_conv2d = importlib.import_module("torchvision").ops.deform_conv2d
        self.weights = {}

    def weight(self, name, *shape):
        if name not in self.weights:
            self.weights[name] = self.torch.from_numpy(weight(name, *shape))
        return self.weights[name]

    def conv(self, x, name, outputs, k, activation=None):
        y = self.torch.conv2d(x[0], self.weight(name, outputs, x[1], k, k), padding=k // 2)
        return (getattr(self.torch, activation)(y) if activation else y), outputs

    def deform(self, x, offset, mask, name, outputs, k):
        w = self.weight(name, outputs, x[1], k, k)
        y = self.deform_conv2d(x[0], offset[0], w, padding=k // 2, mask=mask[0])
        return y.relu(), outputs

    def twice(self, x):
        return 2 * x[0], x[1]

    def concat(self, parts):
        return self.torch.cat([part[0] for part in parts], 1), sum(part[1] for part in parts)

    def add(self, x, y):
        return x[0] + y[0], x[1]

    def mul(self, x, y):
        return x[0] * y[0], x[1]

    def twice_as_large(self, x):
        enlarge = self.torch.nn.functional.interpolate
        return enlarge(x[0], scale_factor=2, mode="bilinear", align_corners=True), x[1]


class Written:
    """Nodes of an ONNX model. A value is its name and channels; sizes of maps are kept by name."""

    def __init__(self, decompose):
        self.decompose = decompose
        self.nodes, self.constants, self.sizes = [], [], {}

    def __call__(self, op, *operands, **attributes):
        """The name of the result; arrays become constants."""
        inputs = []
        for operand in operands:
            if isinstance(operand, str):
                inputs.append(operand)
                continue
            inputs.append(f"c{len(self.constants)}")
            self.constants.append(numpy_helper.from_array(np.asarray(operand), inputs[-1]))
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def value(self, x, channels, op, *operands, scale=1, **attributes):
        """A value beside x, whose size it has, or a multiple of it."""
        name = self(op, *operands, **attributes)
        self.sizes[name] = scale * self.sizes[x[0]]
        return name, channels

    def conv(self, x, name, outputs, k, activation=None):
        w = weight(name, outputs, x[1], k, k)
        y = self.value(x, outputs, "Conv", x[0], w, pads=[k // 2] * 4)
        return self.value(y, outputs, activation.capitalize(), y[0]) if activation else y

    def deform(self, x, offset, mask, name, outputs, k):
        w = weight(name, outputs, x[1], k, k)
        if self.decompose:
            y = self.gathered(x, offset[0], mask[0], w)
        else:
            y = self("DeformConv", x[0], w, offset[0], "", mask[0], pads=[k // 2] * 4)
        return self.value(x, outputs, "Relu", y)

    def twice(self, x):
        return self.value(x, x[1], "Mul", x[0], np.float32(2))

    def concat(self, parts):
        channels = sum(part[1] for part in parts)
        return self.value(parts[0], channels, "Concat", *(part[0] for part in parts), axis=1)

    def add(self, x, y):
        return self.value(x, x[1], "Add", x[0], y[0])

    def mul(self, x, y):
        return self.value(x, x[1], "Mul", x[0], y[0])

    def twice_as_large(self, x):
        how = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
        size = [1, x[1], 2 * self.sizes[x[0]], 2 * self.sizes[x[0]]]
        return self.value(x, x[1], "Resize", x[0], "", "", np.array(size), scale=2, **how)

    # ---- a deformable convolution in fifty nodes ----------------------------------------------------

    def corners(self, offset, k, s, border):
        """Rows, columns and shares of the four neighbours of all samples."""
        tap, pixel = np.arange(k), border + np.arange(s)
        rows = np.broadcast_to((tap[:, None, None, None] + pixel[:, None]), (k, k, s, s))
        base = np.stack((rows, rows.transpose(1, 0, 3, 2)), 2).reshape(1, 1, k * k, 2, s, s)
        offset = self("Reshape", offset, np.array([1, 1, k * k, 2, s, s]))
        at = self("Add", base.astype(np.float32), offset)
        floor = self("Floor", at)
        part = [self("Slice", self("Sub", at, floor), [i], [i + 1], [3]) for i in range(2)]
        parts = [[self("Sub", np.float32(1), p) for p in part], part]
        whole = self("Cast", floor, to=onnx.TensorProto.INT64)
        first = [self("Slice", whole, [i], [i + 1], [3]) for i in range(2)]
        last = np.int64(s + 2 * (k // 2 + border) - 1)
        places = [
            [self("Clip", self("Add", v, np.int64(step)), np.int64(0), last) for v in first]
            for step in range(2)
        ]
        for i in range(2):
            for j in range(2):
                yield places[i][0], places[j][1], self("Mul", parts[i][0], parts[j][1])

    def gathered(self, x, offset, mask, w):
        (name, c), (k, s), outputs = x, (w.shape[2], self.sizes[x[0]]), w.shape[0]
        border = int(k == 1)  # a pixel of zeros around, where there is no padding
        pad, points = k // 2 + border, k * k * s * s
        padded = self("Pad", name, np.array([0, 0, pad, pad] * 2))
        grid = self("Reshape", padded, np.array([1, 1, c, s + 2 * pad, s + 2 * pad]))
        pixels = self("Transpose", grid, perm=[0, 1, 3, 4, 2])
        products = []
        for row, column, share in self.corners(offset, k, s, border):
            index = [self("Reshape", v, np.array([1, 1, points, 1])) for v in (row, column)]
            found = self("GatherND", pixels, self("Concat", *index, axis=3), batch_dims=2)
            found = self("Transpose", found, perm=[0, 1, 3, 2])
            found = self("Reshape", found, np.array([1, 1, c, k * k, s, s]))
            part = self("Reshape", share, np.array([1, 1, 1, k * k, s, s]))
            products.append(self("Mul", part, found))
        mask = self("Reshape", mask, np.array([1, 1, 1, k * k, s, s]))
        samples = self("Mul", self("Sum", *products), mask)
        samples = self("Reshape", samples, np.array([1, c, k, k, s, s]))
        patches = self("Transpose", samples, perm=[0, 1, 4, 2, 5, 3])
        patches = self("Reshape", patches, np.array([1, c, s * k, s * k]))
        y = self("Conv", patches, w, kernel_shape=[k, k], strides=[k, k])
        return self("Add", y, np.zeros((1, outputs, 1, 1), np.float32))

    def model(self, shapes, inner, branch):
        self.sizes.update((name, shape[2]) for name, shape in shapes.items())
        output, _ = decoder(self, [(n, s[1]) for n, s in shapes.items()], inner, branch)
        kind = onnx.TensorProto.FLOAT
        given = [helper.make_tensor_value_info(n, kind, s) for n, s in shapes.items()]
        made = [helper.make_tensor_value_info(output, kind, None)]
        graph = helper.make_graph(self.nodes, "decoder", given, made, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=10)


# ---- one way, in a process of its own --------------------------------------------------------------


def memory(field):
    """VmRSS or VmHWM of this process in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def prepare(way, folder, maps, how):
    """A function without arguments that computes the result."""
    if way == "eager":
        eager = Eager()
        given = [(eager.torch.from_numpy(x), x.shape[1]) for x in maps.values()]

        def run():
            with eager.torch.inference_mode():
                return decoder(eager, given, *how)[0].numpy()

        return run
    options = ort.SessionOptions()
    path = str(folder / f"{way}.onnx")
    if way == "rewritten":
        dcngen.onnx.register(options)
        session = ort.InferenceSession(path, options)
    else:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, maps)[0]


def child(way, folder):
    """Write the result, and print time and memory."""
    maps = dict(np.load(folder / "maps.npz"))
    how = json.loads((folder / "how.json").read_text())
    for module in WAYS[way][1]:
        importlib.import_module(module)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    before = memory("VmRSS")
    run = prepare(way, folder, maps, how)
    run()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - begin)
    np.save(folder / f"{way}.npy", result)
    print(json.dumps({"ms": 1000 * min(times), "mib": memory("VmHWM") - before}))


# ---- all ways --------------------------------------------------------------------------------------


def write_models(folder, shapes, how):
    decomposed = Written(True).model(shapes, *how)
    rewritten = dcngen.onnx.rewrite(decomposed)
    layers = sum(node.op_type == "DeformConv" for node in rewritten.graph.node)
    print(f"rewritten: {len(decomposed.graph.node)} nodes became {len(rewritten.graph.node)}")
    if layers != 4 * len(KERNELS):
        sys.exit(f"{layers} deformable convolutions were found, expected {4 * len(KERNELS)}")
    models = {
        "own": Written(False).model(shapes, *how),
        "decomposed": decomposed,
        "rewritten": rewritten,
    }
    for way, model in models.items():
        onnx.save(model, str(folder / f"{way}.onnx"))


def missing(way):
    return [module for module in WAYS[way][1] if importlib.util.find_spec(module) is None]


def measure(folder):
    """Print a line for each way, and return the results."""
    results = {}
    for way, (title, _) in WAYS.items():
        if missing(way):
            print(f"{title:28} not run: {' and '.join(missing(way))} not installed")
            continue
        command = [sys.executable, __file__, "--child", way, "--folder", str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(f"{title}: failed with exit code {done.returncode}")
        said = json.loads(done.stdout.splitlines()[-1])
        print(f"{title:28} {said['ms']:9.1f} ms {said['mib']:9.1f} MiB")
        results[way] = np.load(folder / f"{way}.npy")
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", nargs="?", type=int, metavar="SIZE")
    parser.add_argument("--real", action="store_true", help="the channels of Swin-L, and 256")
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(args.child, args.folder)
    size = -(-(args.size or (256 if args.real else 32)) // 8) * 8
    channels = (3072, 1536, 768, 384) if args.real else (48, 24, 16, 8)
    how = (64, 256) if args.real else (8, 16)
    shapes = {
        name: (1, c, size >> i, size >> i)
        for name, c, i in zip(MAPS, channels, (3, 2, 1, 0), strict=True)
    }
    print(f"maps of {', '.join(f'{c} x {h} x {h}' for _, c, h, _ in shapes.values())}")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maps = {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}
        np.savez(folder / "maps.npz", **maps)
        (folder / "how.json").write_text(json.dumps(how))
        write_models(folder, shapes, how)
        results = measure(folder)
    want = results["own"]
    largest = max(np.abs(got - want).max() for got in results.values())
    print(f"largest difference           {largest:9.1e}, of values up to {np.abs(want).max():.1f}")
    if not largest <= 1e-3 * max(1, np.abs(want).max()):
        sys.exit("the results differ")
    return None


if __name__ == "__main__":
    main()
