"""Modules as one kernel: operators of torch's dispatcher, at which the graph of torch.compile does not break.

SPDX-License-Identifier: Apache-2.0
"""

import shutil

import pytest
import torch
from models import shake
from torch import nn
from torch.testing import assert_close

import dcngen
import dcngen.torch
from dcngen.torch import log
from dcngen.torch.operators import IN_DISPATCHER

dispatched = pytest.mark.skipif(not IN_DISPATCHER, reason="torch is older than 2.4")


def pack(kind="ModulatedDeformConv2dPack", **more):
    make = getattr(dcngen.torch, kind)
    return make(4, 6, 3, padding=1, groups=2, deform_groups=2, **more)


def image(*shape):
    return torch.randn(*shape, dtype=torch.float64)


#: A model, its input, and what explain() calls it.
MODELS = {
    "modulated": (pack, (2, 4, 5, 7), "ModulatedDeformConv2dPack"),
    "plain, no bias": (lambda: pack("DeformConv2dPack"), (1, 4, 6, 5), "DeformConv2dPack"),
    "stride": (
        lambda: dcngen.torch.ModulatedDeformConv2dPack(4, 6, (3, 2), (2, 1), (1, 2), (1, 2)),
        (1, 4, 8, 9),
        "ModulatedDeformConv2dPack",
    ),
    "norm and activation": (
        lambda: nn.Sequential(pack(bias=False), nn.BatchNorm2d(6), nn.SiLU(), nn.Conv2d(6, 2, 1)),
        (2, 4, 5, 7),
        "ModulatedDeformConv2dPack",
    ),
    "dcnv3": (
        lambda: dcngen.torch.DCNv3(8, group=2, dw_kernel_size=5, center_feature_scale=True),
        (1, 5, 6, 8),
        "DCNv3",
    ),
    "dcnv4": (
        lambda: dcngen.torch.DCNv4(8, group=2, dw_kernel_size=3, output_bias=False),
        (2, 25, 8),
        "DCNv4",
    ),
    "dcnv4 without projections": (
        lambda: dcngen.torch.DCNv4(8, group=2, without_pointwise=True, remove_center=True),
        (2, 25, 8),
        "DCNv4",
    ),
}


@pytest.fixture(params=MODELS)
def case(request):
    """An optimized model, its input, the result of one operator after another, and the name."""
    make, shape, name = MODELS[request.param]
    model, x = dcngen.torch.optimize(shake(make())), image(*shape)
    return model, x, model(x).detach(), name


def test_one_kernel(case):
    model, x, want, name = case
    assert name not in log.names()
    with torch.no_grad():
        assert_close(model(x), want)
    assert name in log.names()


def compiled(model):
    torch._dynamo.reset()
    return torch.compile(model, fullgraph=True, backend="aot_eager")


@dispatched
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_no_graph_breaks(case, mode):
    model, x, want, name = case
    function = compiled(model)
    with mode():
        assert_close(function(x), want)
    assert name in log.names()


@dispatched
@pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a C++ compiler")
def test_inductor():
    make, shape, name = MODELS["norm and activation"]
    model, x = dcngen.torch.optimize(shake(make())), image(*shape)
    want = model(x).detach()
    torch._dynamo.reset()
    with torch.inference_mode():
        assert_close(torch.compile(model, fullgraph=True, backend="inductor")(x), want)
    assert name in log.names()


@dispatched
def test_packed_weights_are_never_stale(case):
    """Whoever writes to the weights, and how; the compiled model sees it."""
    model, x, _, _ = case
    function = compiled(model)
    with torch.no_grad():
        for change in (
            lambda p: p.mul_(1.5),
            lambda p: p.data.neg_(),
            lambda p: p.data.copy_(p.sin()),
        ):
            for _ in range(3):  # so that they are kept
                function(x)
            for p in model.parameters():
                change(p)
            want = model.separate(x) if hasattr(model, "separate") and x.ndim == 4 else model(x)
            assert_close(function(x), want)


@dispatched
def test_gradients_take_the_operators_apart(case):
    model, x, _, name = case
    function = compiled(model)
    output = function(x)
    assert name not in log.names()
    output.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@dispatched
def test_misfits_are_seen_by_the_compiler():
    layer = shake(pack())
    layer.conv_offset = shake(nn.Conv2d(4, 54, 3, padding=2, dilation=2))
    x = image(1, 4, 5, 5)
    want = layer(x).detach()
    function = compiled(layer)
    with torch.no_grad():
        assert_close(function(x), want)
        assert "ModulatedDeformConv2dPack" not in log.names()


@dispatched
def test_sizes_that_change():
    layer = shake(pack())
    torch._dynamo.reset()
    function = torch.compile(layer, fullgraph=True, backend="aot_eager", dynamic=True)
    with torch.no_grad():
        for n in (5, 6, 9):
            x = image(1, 4, n, n + 2)
            assert_close(function(x), layer.separate(x))


def operands():
    """Arguments of each operator, from a module."""
    p = shake(pack())
    made = p.conv_offset
    args = (image(1, 4, 5, 6), p.weight, made.weight, made.bias, p.bias, None, None, "p")
    yield (
        "deform_conv2d_pack",
        (*args, 4, 6, [3, 3], 2, 2, "sigmoid", [1, 1], [1] * 4, [1, 1], "relu"),
    )
    v4 = shake(dcngen.torch.DCNv4(8, group=2))
    mask, value, out = v4.offset_mask, v4.value_proj, v4.output_proj
    args = (image(1, 4, 5, 8), mask.weight, mask.bias, None, None, value.weight, value.bias)
    args += (out.weight, out.bias, None, None, "v4", *v4._attributes(), [0, 0], False, True)
    yield "dcnv4_module", args


@dispatched
def test_opcheck():
    for op, args in operands():
        still = tuple(a.detach() if isinstance(a, torch.Tensor) else a for a in args)
        torch.library.opcheck(getattr(torch.ops.dcngen, op), still)


@dispatched
def test_the_operators_have_no_gradient():
    for op, args in operands():
        output = getattr(torch.ops.dcngen, op)(*args)
        with pytest.raises(dcngen.Error, match="has no gradients: it is for inference"):
            output.sum().backward()
