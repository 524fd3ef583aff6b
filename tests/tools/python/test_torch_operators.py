"""Operators in torch's dispatcher: what it checks of them, and that graphs do not break at them.

SPDX-License-Identifier: Apache-2.0
"""

import pytest
import torch
from torch.testing import assert_close

import dcngen
import dcngen.torch
from dcngen.torch import log
from dcngen.torch.operators import IN_DISPATCHER

F64 = torch.float64
dispatched = pytest.mark.skipif(not IN_DISPATCHER, reason="torch is older than 2.4")


def numbers(*shape, last=False):
    t = torch.randn(*shape, dtype=F64)
    if last:
        t = t.to(memory_format=torch.channels_last)
    return t.requires_grad_()


def convolution(last=False, mask=True):
    maps = numbers(2, 4, 5, 6, last=last), numbers(2, 18, 5, 6, last=last)
    optional = (numbers(3), numbers(2, 9, 5, 6, last=last)) if mask else (None, None)
    return (*maps, numbers(3, 4, 3, 3), *optional, [1, 1], [1, 1], [1, 1])


def aggregation(*operands):
    attributes = (2, [3, 3], [1, 1], [1, 1], [1, 1], 1.5, False, "softmax")
    return (numbers(2, 5, 6, 8), *(numbers(2, 5, 6, f) for f in operands), *attributes)


def regions(offset=True):
    rois = torch.tensor([[0.0, 1, 1, 5, 6], [1, 2, 2, 8, 8]], dtype=F64)
    shift = numbers(2, 2, 3, 3) if offset else None
    return numbers(2, 4, 9, 10), rois, shift, None, [3, 3], 1.0, 2, 0.1


CASES = {
    "deform_conv2d": ("deform_conv2d", convolution),
    "without mask and bias": ("deform_conv2d", lambda: convolution(mask=False)),
    "channels_last": ("deform_conv2d", lambda: convolution(last=True)),
    "dcnv3": ("dcnv3", lambda: aggregation(36, 18)),
    "dcnv4": ("dcnv4", lambda: aggregation(56)),
    "deform_roi_pool": ("deform_roi_pool", regions),
    "without offset": ("deform_roi_pool", lambda: regions(offset=False)),
}


@dispatched
@pytest.mark.parametrize("name", CASES)
def test_opcheck(name):
    op, make = CASES[name]
    args = make()
    torch.library.opcheck(getattr(torch.ops.dcngen, op), args)
    output = getattr(torch.ops.dcngen, op)(*args).detach()
    still = [a.detach() if isinstance(a, torch.Tensor) else a for a in args]
    operands = [a for a in args if a is None or isinstance(a, torch.Tensor)]
    wanted = [a is not None and a.requires_grad for a in operands]
    backward = getattr(torch.ops.dcngen, f"{op}_backward")
    torch.library.opcheck(backward, (output, *still, wanted))


FUNCTIONS = {
    "deform_conv2d": lambda x, o, w, b, m, *_: dcngen.torch.deform_conv2d(x, o, w, b, 1, 1, 1, m),
    "dcnv3": lambda x, o, m, *_: dcngen.torch.dcnv3(x, o, m, 2, softmax=True),
    "dcnv4": lambda x, o, *_: dcngen.torch.dcnv4(x, o, 2, offset_scale=0.5),
    "deform_roi_pool": lambda x, r, o, *_: dcngen.torch.deform_roi_pool(x, r, o, 3),
}


def results(function, args):
    """The output, and gradients of what has them."""
    output = function(*args)
    leaves = [a for a in args if isinstance(a, torch.Tensor) and a.requires_grad]
    seed = torch.arange(output.numel(), dtype=F64).view(output.shape).cos()
    return [output, *torch.autograd.grad(output, leaves, seed)]


@dispatched
@pytest.mark.parametrize("name", CASES)
def test_no_graph_breaks(name):
    op, make = CASES[name]
    args = make()

    def function(*args):
        return FUNCTIONS[op](*args).relu() * 2

    want = results(function, args)
    torch._dynamo.reset()
    got = results(torch.compile(function, fullgraph=True, backend="aot_eager"), args)
    for a, b in zip(got, want, strict=True):
        assert_close(a, b)
        assert a.stride() == b.stride()
    assert op in log.names()
    assert f"{op} backward" in log.names()


@dispatched
def test_patched_models_have_no_graph_break():
    ops = pytest.importorskip("torchvision").ops
    x, o, w, b, m, *_ = convolution()

    def function(x, o, w, b, m):
        return ops.deform_conv2d(x, o, w, b, 1, 1, 1, m).relu()

    want = results(function, (x, o, w, b, m))
    torch._dynamo.reset()
    with dcngen.torch.patch("torchvision"):
        compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
        got = results(compiled, (x, o, w, b, m))
    assert log.names() == ["torchvision::deform_conv2d", "torchvision::_deform_conv2d_backward"]
    for a, b in zip(got, want, strict=True):
        assert_close(a, b)


@dispatched
def test_sizes_that_change_are_one_graph():
    torch._dynamo.reset()
    compiled = torch.compile(
        FUNCTIONS["deform_conv2d"], fullgraph=True, backend="aot_eager", dynamic=True
    )
    w = numbers(3, 4, 3, 3)
    for n in (5, 6, 9):
        x, o = numbers(1, 4, n, n + 2), numbers(1, 18, n, n + 2)
        want = dcngen.torch.deform_conv2d(x, o, w, padding=1)
        assert_close(compiled(x, o, w, None, None), want)


@dispatched
def test_meta_tensors_have_shapes_only():
    x, o, w, b, m, *rest = (
        a.to("meta") if isinstance(a, torch.Tensor) else a for a in convolution()
    )
    assert torch.ops.dcngen.deform_conv2d(x, o, w, b, m, *rest).shape == (2, 3, 5, 6)
    assert not log.names()


@pytest.mark.parametrize("name", CASES)
def test_gradcheck(name):
    op, make = CASES[name]
    args = make()
    assert torch.autograd.gradcheck(FUNCTIONS[op], args)


def test_gradients_have_no_gradient():
    x, o, w, b, m, *_ = convolution()
    output = dcngen.torch.deform_conv2d(x, o, w, b, 1, 1, 1, m)
    with pytest.raises((dcngen.Error, RuntimeError), match="differentia"):
        seed = torch.ones_like(output).requires_grad_()
        (grad,) = torch.autograd.grad(output, x, seed, create_graph=True)
        grad.sum().backward()
