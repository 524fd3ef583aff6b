"""write_exported.py FOLDER: models that torch.onnx.export wrote, with operands and results, for test_export.py.

Run by a Python with torch and torchvision, which may not have ONNX Runtime.

SPDX-License-Identifier: Apache-2.0
"""

import inspect
import sys
from pathlib import Path

import numpy as np
import torch
from torchvision.ops import deform_conv2d

import dcngen.onnx
import dcngen.torch
from dcngen.torch.operators import IN_DISPATCHER

CASES = {
    "mask": (1, True, True),
    "groups": (2, True, True),
    "no mask": (1, False, True),
    "no bias": (1, True, False),
}
NAMES = ["x", "offset", "mask"]


class Model(torch.nn.Module):
    def __init__(self, function, groups, mask, bias):
        super().__init__()
        self.function, self.mask = function, mask
        self.weight = torch.nn.Parameter(torch.randn(4, 4 // groups, 3, 3))
        self.bias = torch.nn.Parameter(torch.randn(4)) if bias else None

    def forward(self, x, offset, mask=None):
        y = self.function(
            x, offset, self.weight, self.bias, stride=1, padding=2, dilation=2, mask=mask
        )
        return y.relu()


class Open(torch.nn.Module):
    """Layers one after the other, whose maps have sizes that the exporter is not told."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.offset = torch.nn.Conv2d(4, 18, 3, padding=1)
        self.weight = torch.nn.Parameter(torch.randn(4, 4, 3, 3))

    def forward(self, x):
        for _ in range(2):
            x = self.function(x, self.offset(x), self.weight, padding=1).tanh()
        return x


def export(model, args, path, **how):
    names = NAMES[: len(args)]
    torch.onnx.export(model, args, str(path), input_names=names, output_names=["y"], **how)


def export_open(functions, folder, opsets, old):
    """Exported with other sizes than those of the operands that are kept."""
    axes = {"batch": {0: "n"}, "pixels": {0: "n", 2: "h", 3: "w"}}
    for origin, function in functions.items():
        model, x = Open(function).eval(), torch.randn(2, 4, 6, 7)
        for which, of_x in axes.items():
            name = f"{origin}, open {which}"
            with torch.no_grad():
                np.savez(folder / f"{name}.npz", x=x.numpy(), y=model(x).numpy())
            shape = (1, 4, *(x.shape[2:] if which == "batch" else (8, 9)))
            for opset in opsets:
                path = folder / f"{name}, {opset}.onnx"
                how = {"opset_version": opset, "dynamic_axes": {"x": of_x, "y": of_x}, **old}
                export(model, (torch.randn(shape),), path, **how)


def main(folder):
    table = dcngen.onnx.register_export()
    has_dynamo = "custom_translation_table" in inspect.signature(torch.onnx.export).parameters
    newest = 17 if torch.__version__.startswith("1.") else 19
    torch.manual_seed(0)
    functions = {"torchvision": deform_conv2d}
    if IN_DISPATCHER:
        functions["dcngen"] = dcngen.torch.deform_conv2d
    old = {"dynamo": False} if has_dynamo else {}
    opsets = sorted({14, newest})
    export_open(functions, folder, opsets, old)
    for origin, function in functions.items():
        for case, (groups, mask, bias) in CASES.items():
            model = Model(function, groups, mask, bias).eval()
            args = (torch.randn(1, 4, 6, 7), torch.randn(1, 18 * groups, 6, 7))
            args += (torch.rand(1, 9 * groups, 6, 7),) if mask else ()
            name = f"{origin}, {case}"
            with torch.no_grad():
                arrays = {**dict(zip(NAMES, args, strict=False)), "y": model(*args)}
            np.savez(folder / f"{name}.npz", **{k: t.numpy() for k, t in arrays.items()})
            for opset in opsets:
                export(model, args, folder / f"{name}, {opset}.onnx", opset_version=opset, **old)
            if has_dynamo and table:
                path = folder / f"{name}, dynamo.onnx"
                export(model, args, path, dynamo=True, custom_translation_table=table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
