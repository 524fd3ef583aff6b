"""Layers that a kernel must not take the place of, and modules that only have the name of one.

SPDX-License-Identifier: Apache-2.0
"""

import pytest
import torch
from models import shake
from torch import nn
from torch.nn.utils import parametrize, weight_norm
from torch.testing import assert_close

import dcngen.torch
from dcngen.torch import log
from dcngen.torch.optimize import FusedSequential


def pack():
    return shake(dcngen.torch.ModulatedDeformConv2dPack(4, 6, 3, padding=1))


def dcnv3():
    return shake(dcngen.torch.DCNv3(8, group=2))


def dcnv4():
    return shake(dcngen.torch.DCNv4(8, group=2, dw_kernel_size=3))


def apart(layer, x, why):
    """It does what it does with gradients, and explain() says why."""
    want = layer(x)
    with torch.no_grad():
        assert_close(layer(x), want)
    name = type(layer).__name__
    assert name not in log.names()
    assert f"{name}: one operator after another\n    {why}" in dcngen.torch.explain()
    return want


X = torch.linspace(-2, 2, 4 * 25, dtype=torch.float64).sin().view(1, 4, 5, 5)
Y = torch.linspace(-2, 2, 8 * 25, dtype=torch.float64).sin().view(1, 5, 5, 8)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (nn.Conv2d(4, 27, 3, padding=2, dilation=2), r"conv_offset.padding = (2, 2), expected (1, 1)"),
        (nn.Conv2d(4, 27, 1), "conv_offset.kernel_size = (1, 1), expected (3, 3)"),
        (nn.Conv2d(4, 27, 3, padding=1, bias=False), "conv_offset has no parameter bias"),
        (nn.Conv2d(4, 27, 3, padding=1, padding_mode="circular"), "conv_offset.padding_mode"),
        (nn.Conv2d(4, 27, 3, padding="same"), "conv_offset.padding = same"),
        (nn.Sequential(nn.Conv2d(4, 27, 3, padding=1), nn.Tanh()), "conv_offset is a Sequential"),
    ],
)  # fmt: skip
def test_other_convolutions_of_offsets(made, why):
    layer = pack()
    layer.conv_offset = shake(made)
    apart(layer, X, why)
    model = dcngen.torch.optimize(nn.Sequential(layer, nn.ReLU()))
    assert type(model) is FusedSequential
    with torch.no_grad():
        assert_close(model(X), layer(X).relu())


def replaced_activation(layer):
    layer.dw_conv[2] = nn.GELU(approximate="tanh")


def replaced_norm(layer):
    layer.dw_conv[1][1] = nn.LayerNorm(8, elementwise_affine=False)


def replaced_projection(layer):
    layer.output_proj = nn.Sequential(layer.output_proj, nn.ReLU())


class Twice(nn.Sequential):
    def forward(self, x):
        return super().forward(x) * 2


def replaced_sequence(layer):
    layer.dw_conv = Twice(*layer.dw_conv)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (replaced_sequence, "dw_conv is a Twice, expected a Sequential"),
        (replaced_activation, "dw_conv.2.approximate = tanh, expected none"),
        (replaced_norm, "dw_conv.1.1 has no parameter weight"),
        (replaced_projection, "output_proj is a Sequential, expected a Linear"),
    ],
)
def test_other_parts_of_dcnv3(change, why):
    layer = dcnv3()
    change(layer)
    apart(layer, Y, why)


def test_other_parts_of_dcnv4():
    layer = dcnv4()
    layer.value_proj = shake(nn.Linear(8, 8, bias=False))
    apart(layer, Y.view(1, 25, 8), "value_proj has no parameter bias")


def test_shared_parameters():
    layer = dcnv3()
    layer.input_proj = layer.output_proj
    want = layer(Y)
    with torch.no_grad():
        assert_close(layer(Y), want)
    assert "DCNv3" in log.names()


LAYERS = [
    (pack, X, "conv_offset"),
    *((dcnv3, Y, name) for name in ("offset", "mask", "dw_conv", "dw_conv.0", "output_proj")),
    *((dcnv4, Y.view(1, 25, 8), name) for name in ("offset_mask", "offset_mask_dw")),
]


@pytest.mark.parametrize(("make", "x", "name"), LAYERS)
def test_hooks_of_parts_run(make, x, name):
    layer = make()
    plain = layer(x)
    part = layer.get_submodule(name)
    for register in (part.register_forward_hook, part.register_forward_pre_hook):
        handle = register(lambda module, inputs, *output: (output or inputs)[0] * 1.5)
        assert not torch.allclose(apart(layer, x, f"{name} has hooks"), plain)
        handle.remove()
    with torch.no_grad():
        assert_close(layer(x), plain)
    assert type(layer).__name__ in log.names()


class Half(nn.Module):
    def forward(self, weight):
        return weight / 2


@pytest.mark.parametrize(("make", "x", "name"), [case for case in LAYERS if case[2] != "dw_conv"])
def test_weights_that_are_made(make, x, name):
    layer = make()
    weight_norm(layer.get_submodule(name))
    apart(layer, x, f"{name} has hooks")
    layer = make()
    parametrize.register_parametrization(layer.get_submodule(name), "weight", Half())
    apart(layer, x, f"{name} is a Parametrized")


def test_forwards_of_subclasses():
    class Mine(dcngen.torch.DeformConv2dPack):
        def forward(self, x):
            return super().forward(x) * 0 + 3

    layer = shake(Mine(4, 6, 3, padding=1))
    model = dcngen.torch.optimize(nn.Sequential(layer, nn.ReLU()))
    with torch.no_grad():
        assert (model(X) == 3).all()


# ---- names of others ---------------------------------------------------------------------------


class DCNv4(nn.Module):
    def forward(self, x):
        return x + 1


class DCNv3(nn.Module):
    """As the first of InternImage's, which had no remove_center."""

    def __init__(self, **more):
        super().__init__()
        made = dcngen.torch.DCNv3(8, group=2)
        self.__dict__.update({k: v for k, v in vars(made).items() if k != "remove_center"})
        self.__dict__.update(more)


def test_only_the_name():
    model = nn.Sequential(DCNv4(), DCNv3(kernel_size=(3, 3)))
    dcngen.torch.optimize(model)
    assert [type(m) for m in model] == [DCNv4, DCNv3]
    assert (model[0](torch.zeros(2)) == 1).all()
    text = dcngen.torch.explain()
    assert f"optimize, {__name__}.DCNv4: left to the original\n    has no channels" in text
    assert "kernel_size is a tuple, expected int" in text


def test_other_norms():
    module = DCNv3()
    module.dw_conv = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
    assert type(dcngen.torch.optimize(module)) is DCNv3
    assert "dw_conv has no LayerNorm" in dcngen.torch.explain()


def test_no_remove_center():
    module = shake(DCNv3())
    assert type(dcngen.torch.optimize(module)) is dcngen.torch.DCNv3
    with torch.no_grad():
        assert_close(module(Y), module.separate(Y))
    assert "DCNv3" in log.names()
