"""What modules and functions of tensors cannot be made of, or called with, is an error of dcngen's that says so.

SPDX-License-Identifier: Apache-2.0
"""

import pytest
import torch
from torch import nn

import dcngen
import dcngen.torch

LAYERS = dcngen.torch.DeformConv2d, dcngen.torch.DeformConv2dPack
MODULES = dcngen.torch.DCNv3, dcngen.torch.DCNv4


def refused(message, function, *args, **more):
    with pytest.raises(dcngen.Error) as e:
        function(*args, **more)
    assert str(e.value) == message


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel_size": 0}, "kernel_size = 0, expected 1 or more"),
        ({"kernel_size": (3, 0)}, "kernel_size = (3, 0), expected 1 or more"),
        ({"stride": 0}, "stride = 0, expected 1 or more"),
        ({"dilation": (1, -1)}, "dilation = (1, -1), expected 1 or more"),
        ({"padding": -1}, "padding = -1, expected 0 or more"),
        ({"padding": "same"}, "padding = 'same', expected an integer or two"),
        ({"groups": 0}, "groups = 0, expected 1 or more"),
        ({"groups": 4}, "groups = 4 does not divide out_channels = 6"),
        ({"groups": 3}, "groups = 3 does not divide in_channels = 8"),
        ({"in_channels": 0}, "in_channels = 0, expected 1 or more"),
        ({"out_channels": 2.0}, "out_channels = 2.0, expected an integer"),
    ],
)
def test_layers(layer, change, message):
    refused(message, layer, **{"in_channels": 8, "out_channels": 6, "kernel_size": 3, **change})


def test_offset_groups():
    pack = dcngen.torch.ModulatedDeformConv2dPack
    refused("deform_groups = 3 does not divide in_channels = 8", pack, 8, 6, 3, deform_groups=3)
    refused("deform_groups = 0, expected 1 or more", pack, 8, 6, 3, deform_groups=0)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"group": 3}, "group = 3 does not divide channels = 8"),
        ({"group": 0}, "group = 0, expected 1 or more"),
        ({"channels": 0}, "channels = 0, expected 1 or more"),
        ({"kernel_size": 0}, "kernel_size = 0, expected 1 or more"),
        ({"kernel_size": (3, 3)}, "kernel_size = (3, 3), expected an integer"),
        ({"stride": 0}, "stride = 0, expected 1 or more"),
        ({"pad": -1}, "pad = -1, expected 0 or more"),
        ({"dilation": 0}, "dilation = 0, expected 1 or more"),
        ({"dw_kernel_size": -3}, "dw_kernel_size = -3, expected 1 or more"),
        ({"offset_scale": "1"}, "offset_scale = '1', expected a finite number"),
        ({"remove_center": 2}, "remove_center = 2, expected True or False"),
    ],
)
def test_modules(module, change, message):
    refused(message, module, **{"channels": 8, "group": 2, **change})


def test_regions():
    pool = dcngen.torch.DeformRoIPool
    refused("output_size = (0, 4), expected 1 or more", pool, (0, 4))
    refused("spatial_scale = nan, expected a finite number", pool, 2, float("nan"))
    refused("sampling_ratio = 1.5, expected an integer", pool, 2, sampling_ratio=1.5)
    refused("gamma = inf, expected a finite number", pool, 2, gamma=float("inf"))


CALLED = {
    "DCNv3": (lambda: dcngen.torch.DCNv3(8, group=2), (1, 5, 6, 8)),
    "DCNv4": (lambda: dcngen.torch.DCNv4(8, group=2), (1, 25, 8)),
    "ModulatedDeformConv2dPack": (
        lambda: dcngen.torch.ModulatedDeformConv2dPack(8, 6, 3, padding=1),
        (1, 8, 5, 6),
    ),
}


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("name", CALLED)
def test_calls(name, grad):
    make, shape = CALLED[name]
    module, rank = make(), len(shape)
    with torch.set_grad_enabled(grad):
        refused(f"{name}: input is a int, expected a tensor", module, 5)
        less = torch.zeros(shape[1:])
        refused(
            f"{name}: input has shape {tuple(less.shape)}, expected {rank} dimensions", module, less
        )
        assert module(torch.zeros((0, *shape[1:]))).shape == (
            0,
            *module(torch.zeros(shape)).shape[1:],
        )


@pytest.mark.parametrize(("name", "shape"), [("DCNv3", (1, 0, 6, 8)), ("DCNv4", (1, 0, 8))])
def test_a_map_without_pixels(name, shape):
    map = shape if len(shape) == 4 else (1, 0, 0, 8)
    with torch.no_grad():
        refused(f"input has shape {map}: the map is empty", CALLED[name][0](), torch.zeros(shape))


def test_pixels_that_make_no_square():
    module, x = dcngen.torch.DCNv4(8, group=2), torch.zeros(1, 24, 8)
    refused("DCNv4: input has 24 pixels, and shape = (4, 4)", module, x)
    refused("DCNv4: input has 24 pixels, and shape = (5, 5)", module, x, (5, 5))
    assert module(x, (4, 6)).shape == (1, 24, 8)


def test_functions():
    x, offset, weight = torch.zeros(1, 4, 5, 5), torch.zeros(1, 18, 5, 5), torch.zeros(4, 4, 3, 3)
    call = dcngen.torch.deform_conv2d
    refused("deform_conv2d: weight is a NoneType, expected a tensor", call, x, offset, None)
    refused(
        "deform_conv2d: offset is a ndarray, expected a tensor", call, x, offset.numpy(), weight
    )
    refused(
        "deform_conv2d: bias is a int, expected a tensor", call, x, offset, weight, 0, padding=1
    )


@pytest.mark.parametrize("name", ["input", "offset", "weight", "bias", "mask"])
def test_tensors_that_lie_otherwise(name):
    given = {
        "input": torch.zeros(1, 4, 5, 5),
        "offset": torch.zeros(1, 18, 5, 5),
        "weight": torch.zeros(4, 4, 3, 3),
        "bias": torch.zeros(4),
        "mask": torch.zeros(1, 9, 5, 5),
    }
    given[name] = given[name].to_sparse()
    message = f"deform_conv2d: {name} has layout torch.sparse_coo, expected torch.strided"
    refused(message, dcngen.torch.deform_conv2d, **given, padding=1)


def test_optimize():
    for model in (5, None, nn.ReLU):
        name = type(model).__name__
        refused(
            f"optimize: the model is a {name}, expected a torch.nn.Module",
            dcngen.torch.optimize,
            model,
        )
