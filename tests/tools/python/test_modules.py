"""Layers and modules with the keys of their originals, alone and in optimized models.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import pickle
import sys
import types

import pytest
import torch
from models import shake
from torch import nn
from torch.testing import assert_close
from torchvision import ops

import dcngen.torch
from dcngen.torch import log
from dcngen.torch.optimize import FusedSequential


def test_deform_conv2d():
    ours = dcngen.torch.DeformConv2d(4, 6, (3, 2), stride=2, padding=1, groups=2).double()
    theirs = ops.DeformConv2d(4, 6, (3, 2), stride=2, padding=1, groups=2).double()
    theirs.load_state_dict(ours.state_dict())
    x, offset = torch.randn(2, 4, 7, 6).double(), torch.randn(2, 12, 4, 4).double()
    mask = torch.rand(2, 6, 4, 4).double()
    assert_close(ours(x, offset, mask), theirs(x, offset, mask))
    assert_close(ours(x, offset), theirs(x, offset))


@pytest.mark.parametrize("kind", ["DeformConv2dPack", "ModulatedDeformConv2dPack"])
def test_packs(kind):
    make = getattr(dcngen.torch, kind)
    layer = shake(make(4, 6, 3, padding=1, groups=2, deform_groups=2, bias=True))
    assert set(layer.state_dict()) == {"weight", "bias", "conv_offset.weight", "conv_offset.bias"}
    x = torch.randn(2, 4, 5, 7).double()
    made = layer.conv_offset(x)
    mask = made[:, 36:].sigmoid() if made.shape[1] > 36 else None
    want = ops.deform_conv2d(x, made[:, :36], layer.weight, layer.bias, 1, 1, 1, mask)
    assert_close(layer(x), want)
    with torch.no_grad():
        assert_close(layer(x), want)
        layer.conv_offset.weight.data.mul_(2)
        layer.weight.data.neg_()
        fused = layer(x)
    assert_close(fused, layer(x))
    assert kind in log.names()
    assert_close(layer(x[:0]).shape, torch.Size([0, 6, 5, 7]))
    want.sum().backward()


def dcnv3(**more):
    return shake(dcngen.torch.DCNv3(channels=8, group=2, **more))


@pytest.mark.parametrize("scale", [False, True])
def test_dcnv3(golden, scale):
    layer = dcnv3(center_feature_scale=scale, offset_scale=2.0, dw_kernel_size=5)
    keys = {
        "dw_conv.0.weight",
        "dw_conv.1.1.bias",
        "offset.weight",
        "mask.bias",
        "input_proj.weight",
    }
    assert keys <= set(layer.state_dict())
    x = torch.randn(1, 5, 6, 8).double()
    apart = layer.separate(x)
    with torch.no_grad():
        assert_close(layer(x), apart)
    assert "DCNv3" in log.names()
    apart.sum().backward()
    assert layer.offset.weight.grad.any()


def test_dcnv3_golden(golden):
    case = golden("dcnv3_module_00")
    attributes = {k: v for k, v in case.params.items() if k not in ("layout", "norm_eps")}
    layer = dcngen.torch.DCNv3(**attributes).double()
    state = {
        key: torch.from_numpy(getattr(case, "param_" + key.replace(".", "_")))
        for key in layer.state_dict()
    }
    layer.load_state_dict(state)
    with torch.no_grad():
        output = layer(torch.from_numpy(case.input))
    assert_close(output.numpy(), case.output, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("pointwise", [False, True])
def test_dcnv4(pointwise):
    layer = shake(
        dcngen.torch.DCNv4(
            channels=8,
            group=2,
            dw_kernel_size=3 if pointwise else None,
            center_feature_scale=pointwise,
            without_pointwise=not pointwise,
            remove_center=True,
        )
    )
    x = torch.randn(2, 30, 8).double()
    apart = layer.separate(x.view(2, 5, 6, 8)).view(2, 30, 8)
    with torch.no_grad():
        assert_close(layer(x, (5, 6)), apart)
        assert layer(x[:, :25]).shape == (2, 25, 8)
    assert "DCNv4" in log.names()


def test_deform_roi_pool():
    layer = dcngen.torch.DeformRoIPool((2, 3), 0.5, 2, gamma=0.2)
    x, rois = torch.randn(1, 3, 8, 8), torch.tensor([[0, 1.0, 2, 11, 12]])
    want = ops.roi_align(x, rois, (2, 3), 0.5, 2, aligned=True)
    assert_close(layer(x, rois), want)
    moved = layer(x, rois, torch.ones(1, 2, 2, 3))
    assert not torch.allclose(moved, want)


def test_gradients_of_the_cores():
    """And of offsets that are no whole numbers, where slopes have one value."""
    x = torch.randn(1, 3, 4, 4).double().requires_grad_()
    offset = (torch.rand(1, 3, 4, 36).double() * 0.8 + 0.1).requires_grad_()
    mask = torch.randn(1, 3, 4, 18).double().requires_grad_()
    packed = (torch.rand(1, 3, 4, 56).double() * 0.8 + 0.1).requires_grad_()

    def three(x, offset, mask):
        return dcngen.torch.dcnv3(x, offset, mask, 2, softmax=True)

    def four(x, packed):
        return dcngen.torch.dcnv4(x, packed, 2)

    assert torch.autograd.gradcheck(three, (x, offset, mask))
    assert torch.autograd.gradcheck(four, (x, packed))


def test_gradients_of_deform_roi_pool():
    x = torch.randn(1, 2, 7, 7).double().requires_grad_()
    rois = torch.tensor([[0, 1.0, 1.5, 5, 5.5]]).double()  # and all of its samples inside
    offset = (torch.rand(1, 2, 2, 2).double() - 0.5).requires_grad_()
    mask = torch.rand(1, 1, 2, 2).double().requires_grad_()

    def function(x, offset, mask):
        return dcngen.torch.deform_roi_pool(x, rois, offset, 2, 1.0, 2, 0.1, mask)

    assert torch.autograd.gradcheck(function, (x, offset, mask))
    every = torch.autograd.grad(function(x, offset, mask).sum(), (x, offset, mask))
    (one,) = torch.autograd.grad(function(x.detach(), offset, mask.detach()).sum(), offset)
    assert_close(one, every[1], rtol=0, atol=0)


# ---- whole models ----------------------------------------------------------------------------


class MmcvPack(nn.Module):
    """The attributes that both of mmcv's classes have, and no others."""

    maps = 2

    def __init__(self, inputs, outputs, size, padding=0, groups=1, deform_groups=1):
        super().__init__()
        self.in_channels, self.out_channels = inputs, outputs
        self.kernel_size, self.stride, self.padding = (size, size), (1, 1), (padding, padding)
        self.dilation, self.groups, self.deform_groups = (1, 1), groups, deform_groups
        self.transposed, self.output_padding = False, (0,)
        self.weight = nn.Parameter(torch.zeros(outputs, inputs // groups, size, size))
        maps = self.maps * deform_groups * size**2
        self.conv_offset = nn.Conv2d(inputs, maps, self.kernel_size, padding=self.padding)

    def forward(self, x):
        made = self.conv_offset(x)
        split = 2 * made.shape[1] // self.maps
        mask = made[:, split:].sigmoid() if self.maps == 3 else None
        bias = self.bias if self.maps == 3 else None
        rest = self.stride, self.padding, self.dilation, mask
        return ops.deform_conv2d(x, made[:, :split], self.weight, bias, *rest)


class MmcvPack1(MmcvPack):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.im2col_step = 32  # and no bias, not even None


class MmcvPack2(MmcvPack):
    maps = 3

    def __init__(self, *args, bias=True, **more):
        super().__init__(*args, **more)
        self.register_parameter(
            "bias", nn.Parameter(torch.zeros(self.out_channels)) if bias else None
        )


@pytest.fixture
def mmcvs(monkeypatch):
    """Classes as mmcv has them, in a package of that name."""
    module = types.ModuleType("mmcv.ops")
    monkeypatch.setitem(sys.modules, "mmcv.ops", module)
    for name, base in (("DeformConv2dPack", MmcvPack1), ("ModulatedDeformConv2dPack", MmcvPack2)):
        setattr(module, name, type(name, (base,), {"__module__": "mmcv.ops"}))
    return module


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = ops.DeformConv2d(3, 18, 3, padding=1)
        self.second = ops.DeformConv2d(18, 2, 1)

    def forward(self, x, offset):
        return self.second(self.first(x, offset), offset[:, :2])


@pytest.mark.parametrize(
    "more", [{"groups": 2}, {"deform_groups": 2}, {"bias": False}], ids=lambda m: next(iter(m))
)
@pytest.mark.parametrize("kind", ["DeformConv2dPack", "ModulatedDeformConv2dPack"])
def test_optimize_mmcvs_layers(mmcvs, kind, more):
    if kind == "DeformConv2dPack":
        more = {k: v for k, v in more.items() if k != "bias"}
    layer = shake(getattr(mmcvs, kind)(4, 6, 3, padding=1, **more))
    x = torch.randn(2, 4, 5, 6).double()
    want = layer(x)
    assert type(dcngen.torch.optimize(layer)) is getattr(dcngen.torch, kind)
    assert_close(layer(x), want)
    with torch.no_grad():
        assert_close(layer(x), want)
    assert kind in log.names()


def test_optimize_keeps_the_model():
    model = Two().double()
    x, offset = torch.randn(1, 3, 5, 6).double(), torch.randn(1, 18, 5, 6).double()
    want, state, parameters = model(x, offset), model.state_dict(), list(model.parameters())
    assert dcngen.torch.optimize(model) is model
    assert_close(model(x, offset), want)
    assert list(model.state_dict()) == list(state)
    assert all(a is b for a, b in zip(model.parameters(), parameters, strict=True))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_close(twin(x, offset), want)
    assert log.names().count("deform_conv2d") == 2
    model.load_state_dict({k: v * 2 for k, v in state.items()})
    assert not torch.allclose(model(x, offset), want)


@pytest.mark.parametrize(
    "behind", [[nn.BatchNorm2d(6), nn.ReLU()], [nn.BatchNorm2d(6)], [nn.SiLU()], [nn.Tanh()]]
)
@pytest.mark.parametrize("kind", ["DeformConv2dPack", "ModulatedDeformConv2dPack"])
def test_optimize_folds(mmcvs, kind, behind):
    model = shake(
        nn.Sequential(
            getattr(mmcvs, kind)(4, 6, 3, padding=1), *copy.deepcopy(behind), nn.Conv2d(6, 2, 1)
        )
    )
    x = torch.randn(2, 4, 5, 6).double()
    keys = list(model.state_dict())
    want = model(x)
    dcngen.torch.optimize(model)
    assert type(model) is FusedSequential
    assert list(model.state_dict()) == keys
    with torch.no_grad():
        assert_close(model(x), want)
        if "BatchNorm2d" in repr(behind):
            model[1].running_mean.add_(1)
            changed = model(x)
            assert not torch.allclose(changed, want)
            model[1].running_mean.sub_(1)
    assert kind in log.names()
    log.clear()
    output = model(x)
    assert_close(output, want)
    output.sum().backward()
    assert kind not in log.names()
    model.train()
    with torch.no_grad():
        assert_close(model(x).shape, want.shape)


# ---- strides -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [False, True])
def test_strided_dcnv3(scale):
    """Every pixel that a stride leaves is what it is without one, forwards and backwards."""
    layer = dcnv3(stride=2, center_feature_scale=scale)
    plain = dcnv3(center_feature_scale=scale)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(1, 5, 6, 8).double().requires_grad_()
    want = plain.separate(x)[:, ::2, ::2]
    apart = layer.separate(x)
    assert_close(apart, want)
    (got,) = torch.autograd.grad(apart.sum(), x)
    assert_close(got, torch.autograd.grad(want.sum(), x)[0])
    with torch.no_grad():
        assert_close(layer(x), want)
    assert "DCNv3" in log.names()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"dw_kernel_size": 3, "center_feature_scale": True},
        {"center_feature_scale": True},
        {"center_feature_scale": True, "without_pointwise": True},
    ],
)
def test_strided_dcnv4(more):
    layer = shake(dcngen.torch.DCNv4(channels=8, group=2, stride=3, **more))
    plain = shake(dcngen.torch.DCNv4(channels=8, group=2, **more))
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(2, 35, 8).double()
    want = plain.separate(x.view(2, 5, 7, 8))[:, ::3, ::3]
    with torch.no_grad():
        assert_close(layer(x, (5, 7)), want.flatten(1, 2))


def test_strided_modules_of_others_are_left_alone():
    """Their offsets are made at the pixels of the input."""
    theirs = type("DCNv3", (dcngen.torch.DCNv3,), {"__module__": "ops_dcnv3.modules"})
    model = nn.Sequential(theirs(channels=8, group=2, stride=2))
    dcngen.torch.optimize(model)
    assert type(model[0]) is theirs
