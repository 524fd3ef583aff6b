"""torchvision's pooling of regions, taken over: outputs, gradients, and where maxima are.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import sys
import types

import pytest
import torch
from torch.testing import assert_close
from torchvision import ops

import dcngen.torch
from dcngen.torch import log, vision

F32, F64 = torch.float32, torch.float64


def numbers(shape, dtype):
    return torch.randn(*shape, dtype=dtype).requires_grad_()


REGIONS = {
    "roi_align": (ops.roi_align, {"sampling_ratio": 2, "aligned": True}),
    "roi_align adaptive": (ops.roi_align, {"spatial_scale": 0.5}),
    "roi_pool": (ops.roi_pool, {"spatial_scale": 0.5}),
    "ps_roi_align": (ops.ps_roi_align, {"sampling_ratio": 2}),
    "ps_roi_pool": (ops.ps_roi_pool, {}),
}


def regions(n, dtype):
    corners = torch.rand(n, 4, dtype=dtype) * 7
    corners[:, 2:] += corners[:, :2] * 0.5
    return torch.cat((torch.randint(0, 2, (n, 1)).to(dtype), corners), 1)


def pooled(name, x, rois):
    """The output, and the gradient from one that is not constant."""
    function, attributes = REGIONS[name]
    output = function(x, rois, (2, 3), **attributes)
    seed = torch.arange(output.numel(), dtype=F64).view(output.shape).sin().to(output.dtype)
    return output, torch.autograd.grad(output, x, seed)[0]


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name", REGIONS)
def test_regions(name, dtype):
    x, rois = numbers((2, 12, 9, 10), dtype), regions(8, dtype)
    to_the_edge_and_beyond = [[3, 2, 9, 8], [-2, 5, 20, 30]]
    rois[6:, 1:] = torch.tensor(to_the_edge_and_beyond, dtype=dtype)
    want, want_grad = pooled(name, x, rois)
    with dcngen.torch.patch("torchvision"):
        got, got_grad = pooled(name, x, rois)
    assert_close(got, want, rtol=1e-4, atol=1e-5)
    assert_close(got_grad, want_grad, rtol=1e-4, atol=1e-5)
    op, ran = name.split()[0], log.names()
    assert {f"torchvision::{op}", f"torchvision::_{op}_backward"} <= set(ran)


@pytest.mark.parametrize("name", REGIONS)
def test_gradients_of_regions_are_those_of_their_outputs(name):
    """Of torchvision's ps_roi_pool only away from the last row and column."""
    function, attributes = REGIONS[name]
    x, rois = numbers((2, 6, 4, 5), F64), regions(3, F64)
    if name == "ps_roi_pool":
        rois[:, 1:] *= 0.2
    with dcngen.torch.patch("torchvision"):
        assert torch.autograd.gradcheck(lambda x: function(x, rois, (2, 3), **attributes), (x,))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", REGIONS)
def test_other_types_of_regions(name, dtype):
    x, rois = numbers((2, 12, 9, 10), dtype), regions(5, dtype)
    with dcngen.torch.patch("torchvision"):
        got = pooled(name, x, rois)
        want = pooled(name, x.detach().float().requires_grad_(), rois.float())
    for a, b in zip(got, want, strict=True):
        assert a.dtype == dtype
        assert_close(a.float(), b, rtol=1e-2, atol=2e-2)


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="torch has no torch.compile")
@pytest.mark.parametrize("name", REGIONS)
def test_compiled_regions_of_an_intermediate_map(name):
    """Nothing in a compiled graph requires a gradient while it runs."""
    function, attributes = REGIONS[name]
    conv, x, rois = (
        torch.nn.Conv2d(3, 12, 3, padding=1),
        torch.randn(2, 3, 9, 10),
        regions(5, F32),
    )

    def model(x):
        return function(conv(x), rois, (2, 3), **attributes).square().sum()

    with dcngen.torch.patch("torchvision"):
        want = torch.autograd.grad(model(x), conv.parameters())
        got = torch.autograd.grad(torch.compile(model, backend="aot_eager")(x), conv.parameters())
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-4)


MAPS = {
    "numbers": lambda x: x,
    "equal ones": lambda x: x.round(),
    "NaN": lambda x: x.where(x > 0, x * float("nan")),
    "infinite": lambda x: x.where(x > 1, x * 0 - float("inf")),
    "nothing but NaN": lambda x: x * float("nan"),
    "channels last": lambda x: x.where(x > 0, x * float("nan")).to(
        memory_format=torch.channels_last
    ),
}


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("name", MAPS)
def test_maxima(name, dtype):
    """Equal ones have their gradient where torchvision has it."""
    x, rois = MAPS[name](torch.randn(2, 4, 9, 10, dtype=dtype)), regions(20, dtype)
    rois[10:, 1:] = rois[10:, 1:] * 2 - 8  # some stand beside the map
    before = x.clone()
    want = pooled("roi_pool", x.detach().requires_grad_(), rois)
    with dcngen.torch.patch("torchvision"):
        got = pooled("roi_pool", x.detach().requires_grad_(), rois)
    for a, b in zip(got, want, strict=True):
        assert_close(a, b)
    assert_close(x, before, equal_nan=True)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize("graphs", [False, True])
def test_places_of_maxima(mode, graphs, monkeypatch):
    """They are looked for only where a graph of before may read them."""
    x, rois, call = torch.randn(2, 4, 9, 10), regions(20, F32), torch.ops.torchvision.roi_pool
    rois[10:, 1:] = rois[10:, 1:] * 2 - 8  # some stand beside the map
    _, want = call(x, rois, 0.9, 2, 3)
    with dcngen.torch.patch("torchvision"), mode():
        monkeypatch.setattr(vision, "_graphs", graphs)
        output, places = call(x, rois, 0.9, 2, 3)
    assert not output.requires_grad
    if graphs and mode is not torch.inference_mode:
        assert_close(places, want)
    else:
        assert (places == -1).all()


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="torch has no torch.compile")
def test_graphs_of_other_processes_that_look_like_ours(monkeypatch):
    """A torch that cannot be told to keep them apart may use one of before the patch."""
    x, rois = torch.randn(2, 4, 9, 10), regions(6, F32)
    _, want = torch.ops.torchvision.roi_pool(x, rois, 0.9, 2, 3)
    monkeypatch.setattr(vision, "_graphs", False)
    monkeypatch.setattr(vision, "_compiler_config", lambda: None)
    monkeypatch.setitem(sys.modules, "torch._dynamo.utils", types.SimpleNamespace(counters={}))
    with dcngen.torch.patch("torchvision"), torch.no_grad():
        _, places = torch.ops.torchvision.roi_pool(x, rois, 0.9, 2, 3)
    assert_close(places, want)


@pytest.mark.parametrize("name", MAPS)
def test_maxima_from_before_the_patch(name):
    """Of regions some of which, or all, are beside the map."""
    x = MAPS[name](torch.randn(2, 4, 9, 10, dtype=F64)).requires_grad_()
    rois = regions(8, F64)
    rois[4:, 1:] += 100
    for some in (rois, rois[4:]):
        output = ops.roi_pool(x, some, (2, 3))
        want = torch.autograd.grad(output.sum(), x, retain_graph=True)
        with dcngen.torch.patch("torchvision"):
            assert_close(torch.autograd.grad(output.sum(), x), want)
    assert "its forward is from before the patch" in dcngen.torch.explain()


def test_regions_alone_have_no_gradient():
    """As torchvision has it: there is one to ask for, and it is None."""
    x, rois = torch.randn(2, 4, 9, 10), regions(3, F32).requires_grad_()
    with dcngen.torch.patch("torchvision"):
        ops.roi_pool(x, rois, (2, 3)).sum().backward()
    assert rois.grad is None


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="torch has no torch.compile")
@pytest.mark.parametrize("inside", ["forward", "backward", "both"])
def test_a_graph_from_before_the_patch(inside):
    """It calls torchvision's gradient, which reads the places of the maxima."""
    x, rois = numbers((2, 4, 9, 10), F64), regions(6, F64)
    torch._dynamo.reset()
    compiled = torch.compile(lambda x: ops.roi_pool(x, rois, (2, 3)).sum(), backend="aot_eager")
    compiled(x).backward()
    with contextlib.ExitStack() as patched:
        if inside != "backward":
            patched.enter_context(dcngen.torch.patch("torchvision"))
        loss = compiled(x)
        if inside == "forward":
            patched.close()
        elif inside == "backward":
            patched.enter_context(dcngen.torch.patch("torchvision"))
        assert_close(torch.autograd.grad(loss, x)[0], x.grad)


def test_a_formula_of_torchvisions_finds_the_places():
    """It may have begun before the patch, on another thread, and calls the operator below autograd."""
    x, rois, call = torch.randn(2, 4, 9, 10), regions(6, F32), torch.ops.torchvision.roi_pool
    _, want = call(x, rois, 0.9, 2, 3)
    with dcngen.torch.patch("torchvision"), vision._below_autograd():
        _, places = call(x, rois, 0.9, 2, 3)
    assert_close(places, want)


def test_no_regions():
    x = numbers((2, 12, 9, 10), F32)
    with dcngen.torch.patch("torchvision"):
        for function, _ in REGIONS.values():
            output = function(x, torch.zeros(0, 5), (2, 3))
            assert output.shape[0] == 0
            output.sum().backward()
    assert not x.grad.any()
