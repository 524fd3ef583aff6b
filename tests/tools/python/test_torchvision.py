"""torchvision's operators, taken over: forwards, backwards, and back again.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import inspect
import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.testing import assert_close
from torchvision import ops

import dcngen
import dcngen.torch
from dcngen.torch import log, pool

F32, F64 = torch.float32, torch.float64


def numbers(shape, dtype, strided=False):
    t = torch.randn(*shape, dtype=dtype)
    if strided:  # the same shape with a gap behind each row
        t = torch.randn(*shape[:-1], shape[-1] + 1, dtype=dtype)[..., :-1]
    return t.requires_grad_()


def layer(
    n=2,
    c=8,
    o=6,
    g=1,
    d=1,
    size=(7, 9),
    kernel=(3, 3),
    stride=1,
    padding=1,
    dilation=1,
    mask=True,
    bias=True,
    dtype=F64,
    strided=False,
):
    """Operands of deform_conv2d by name, and its attributes."""
    sides = [
        (s + 2 * padding - dilation * (k - 1) - 1) // stride + 1
        for s, k in zip(size, kernel, strict=True)
    ]
    taps = kernel[0] * kernel[1]
    operands = {
        "input": numbers((n, c, *size), dtype, strided),
        "offset": numbers((n, 2 * d * taps, *sides), dtype, strided),
        "weight": numbers((o, c // g, *kernel), dtype),
        "bias": numbers((o,), dtype) if bias else None,
        "mask": numbers((n, d * taps, *sides), dtype, strided) if mask else None,
    }
    return operands, {"stride": stride, "padding": padding, "dilation": dilation}


def run(operands, attributes):
    """The output, and gradients of all operands from one that is not constant."""
    output = ops.deform_conv2d(**operands, **attributes)
    seed = torch.arange(output.numel(), dtype=F64).view(output.shape).sin().to(output.dtype)
    wanted = [t for t in operands.values() if t is not None]
    return [output, *torch.autograd.grad(output, wanted, seed)]


LAYERS = {
    "plain": {},
    "f32": {"dtype": F32},
    "no mask, no bias": {"mask": False, "bias": False},
    "groups": {"g": 2, "d": 4},
    "stride, dilation": {"stride": 2, "dilation": 2, "padding": 2, "size": (8, 6)},
    "not square": {"kernel": (1, 4), "padding": 2, "size": (3, 5), "c": 3, "o": 5, "n": 1},
    "not contiguous": {"strided": True},
    "no images": {"n": 0},
}


@pytest.mark.parametrize("name", LAYERS)
def test_deform_conv2d(name):
    case = layer(**LAYERS[name])
    want = run(*case)
    with dcngen.torch.patch("torchvision"):
        got = run(*case)
    assert got[0].is_contiguous()
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-4)
        if LAYERS[name].get("dtype", F64) == F64:
            assert_close(a, b, rtol=1e-9, atol=1e-9)
    assert log.names() == [
        "torchvision::deform_conv2d",
        "torchvision::_deform_conv2d_backward",
    ]


def test_slopes_at_the_padded_border():
    """With offsets of zero the samples beside the map stand at exactly -1, where torchvision has a slope."""
    operands, attributes = layer()
    operands["offset"] = torch.zeros_like(operands["offset"]).requires_grad_()
    want = run(operands, attributes)
    with dcngen.torch.patch("torchvision"):
        got = run(operands, attributes)
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, rtol=1e-9, atol=1e-9)


def test_gradcheck():
    operands, attributes = layer(n=1, c=2, o=2, size=(3, 4))

    def function(*given):
        return ops.deform_conv2d(**dict(zip(operands, given, strict=True)), **attributes)

    with dcngen.torch.patch("torchvision"):
        assert torch.autograd.gradcheck(function, tuple(operands.values()))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_other_types(dtype):
    operands, attributes = layer(dtype=F32)
    rough = {k: v.detach().to(dtype).requires_grad_() for k, v in operands.items()}
    exact = {k: v.detach().float().requires_grad_() for k, v in rough.items()}
    with dcngen.torch.patch("torchvision"):
        got = run(rough, attributes)
        want = run(exact, attributes)
        assert got[0].dtype == dtype
        assert_close(got[0].float(), want[0], rtol=1e-2, atol=1e-2)
        for a, t in zip(got[1:], rough.values(), strict=True):
            assert a.dtype == t.dtype == dtype


def test_autocast():
    operands, attributes = layer(dtype=F32)
    with dcngen.torch.patch("torchvision"), torch.autocast("cpu", torch.bfloat16):
        mixed = {**operands, "offset": operands["offset"].bfloat16()}
        assert ops.deform_conv2d(**mixed, **attributes).dtype == F32


def test_weights_are_never_stale():
    operands, attributes = layer(dtype=F32)
    weight = operands["weight"]

    def fresh():
        return ops.deform_conv2d(**{**operands, "weight": weight.clone()}, **attributes)

    def same():
        for _ in range(3):
            assert_close(ops.deform_conv2d(**operands, **attributes), fresh(), rtol=0, atol=0)

    with dcngen.torch.patch("torchvision"), torch.no_grad():
        same()
        weight.mul_(2)
        same()
        weight.data.neg_()
        same()
        weight.data.copy_(torch.randn_like(weight))
        same()
    with dcngen.torch.patch("torchvision"), torch.inference_mode():
        same()
    optimizer = torch.optim.SGD([weight], lr=0.1)
    with dcngen.torch.patch("torchvision"):
        for _ in range(3):
            optimizer.zero_grad()
            ops.deform_conv2d(**operands, **attributes).square().sum().backward()
            optimizer.step()
            same()


def test_undone_and_patched_twice():
    operands, attributes = layer()
    with dcngen.torch.patch("torchvision"):
        inner = dcngen.torch.patch("torchvision", "torchvision")
        inner.undo()
        inner.undo()
        run(operands, attributes)
        assert len(log._ran) == 2
    run(operands, attributes)
    assert len(log._ran) == 2
    patch = dcngen.torch.patch("torchvision")
    run(operands, attributes)
    patch.undo()
    assert [kind.count for kind in log._ran.values()] == [2, 2]


def test_unknown_packages():
    with pytest.raises(dcngen.Error, match="'torchvison' is none of torchvision"):
        dcngen.torch.patch("torchvision", "torchvison")
    operands, attributes = layer()
    run(operands, attributes)
    assert not log._ran


def test_errors_come_through():
    operands, attributes = layer()
    operands["weight"] = torch.zeros(6, 3, 3, 3, dtype=F64)
    with dcngen.torch.patch("torchvision"), pytest.raises(Exception, match="groups must divide"):
        torch.ops.torchvision.deform_conv2d(
            operands["input"],
            operands["weight"],
            operands["offset"],
            operands["mask"],
            operands["bias"],
            *(1, 1, 1, 1, 1, 1, 1, 1, True),
        )
    assert attributes


@pytest.mark.parametrize("stated", [(1, 2), (3, 1)])
def test_groups_that_the_shapes_are_not_of(stated):
    x, offset, weight = torch.zeros(1, 6, 5, 5), torch.zeros(1, 18, 5, 5), torch.zeros(6, 6, 3, 3)
    rest = (1, 1, 1, 1, 1, 1, *stated, False)
    with dcngen.torch.patch("torchvision"), pytest.raises(Exception, match="are stated as"):
        torch.ops.torchvision.deform_conv2d(
            x, weight, offset, x.new_zeros(1, 1), x.new_zeros(6), *rest
        )


def test_tensors_that_are_not_for_us():
    operands, attributes = layer()
    for name, other, message in (
        ("input", operands["input"].to("meta"), "(input|offset) is on .*meta"),
        ("offset", operands["offset"].long(), "offset is of torch.int64, expected a floating type"),
    ):
        with pytest.raises(dcngen.Error, match=message):
            dcngen.torch.deform_conv2d(**{**operands, name: other}, **attributes)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = ops.DeformConv2d(3, 4, 3, padding=1)

    def forward(self, x, offset):
        return self.conv(x, offset).relu()


def test_scripted_models():
    model = Model()
    scripted = torch.jit.script(model)
    x, offset = torch.randn(1, 3, 5, 6), torch.randn(1, 18, 5, 6)
    want = model(x, offset)
    with dcngen.torch.patch("torchvision"):
        assert_close(scripted(x, offset), want, rtol=1e-4, atol=1e-4)
    assert log.names() == ["torchvision::deform_conv2d"]


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="torch has no torch.compile")
def test_compiled_models():
    model, x, offset = Model(), torch.randn(1, 3, 5, 6), torch.randn(1, 18, 5, 6)
    want = model(x, offset)
    with dcngen.torch.patch("torchvision"):
        got = torch.compile(model, backend="aot_eager")(x, offset)
        got.sum().backward()
    assert_close(got, want, rtol=1e-4, atol=1e-4)
    assert "torchvision::_deform_conv2d_backward" in log.names()

    def ours(x, offset):
        return dcngen.torch.deform_conv2d(x, offset, model.conv.weight, padding=1).relu()

    compiled = torch.compile(ours, backend="aot_eager")(x, offset)
    assert_close(compiled, ours(x, offset))


@pytest.mark.skipif(not hasattr(torch.library, "opcheck"), reason="torch has no opcheck")
def test_opcheck():
    operands, _ = layer()
    order = ("input", "weight", "offset", "mask", "bias")
    args = (*(operands[k] for k in order), *(1, 1, 1, 1, 1, 1, 1, 1, True))
    with dcngen.torch.patch("torchvision"):
        torch.library.opcheck(torch.ops.torchvision.deform_conv2d, args)


def test_threads_are_torchs():
    case, before = layer(), torch.get_num_threads()
    with dcngen.torch.patch("torchvision"):
        for n in (1, 2):
            torch.set_num_threads(n)
            run(*case)
    torch.set_num_threads(before)
    assert {threads for _, _, threads in log._ran} == {1, 2}


#: In a process of its own: a loop of torch's begins its threads, and kernels begin no more.
_BEGINS_NO_THREADS = """
import os, torch, torchvision, dcngen.torch
def threads(): return len(os.listdir("/proc/self/task"))
torch.set_num_threads(2)
alone = threads()
x, offset, weight = torch.rand(1, 64, 64, 64), torch.rand(1, 18, 64, 64), torch.rand(64, 64, 3, 3)
torch.nn.functional.conv2d(x, weight)
torchs = threads()
with dcngen.torch.patch("torchvision"):
    torchvision.ops.deform_conv2d(x, offset, weight, padding=1)
print(alone < torchs, threads() - torchs, "threads 2:" in dcngen.torch.explain())
"""


@pytest.mark.skipif(
    "parallel backend: OpenMP" not in torch.__config__.parallel_info(),
    reason="torch's loops are not OpenMP's",
)
def test_threads_are_those_of_torchs_pool():
    assert pool._found is not None
    maximum = ctypes.CFUNCTYPE(ctypes.c_int)(pool._found.max_threads)
    before = torch.get_num_threads()
    for n in (1, 3, before):
        torch.set_num_threads(n)
        assert maximum() == n
    run_it = [sys.executable, "-c", _BEGINS_NO_THREADS]
    done = subprocess.run(run_it, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "0", "True"]


#: The parent has threads of torch's, and the child, which has none of them, is the first to load dcngen.
_LOADED_BY_A_CHILD = """
import os, sys, torch, torchvision
torch.set_num_threads(2)
x, offset, weight = torch.rand(1, 64, 64, 64), torch.rand(1, 18, 64, 64), torch.rand(64, 64, 3, 3)
rois = torch.tensor([[0.0, 1, 1, 9, 9]] * 64)
torch.nn.functional.conv2d(x, weight)
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
import dcngen.torch
with torch.no_grad(), dcngen.torch.patch("torchvision"):
    torchvision.ops.deform_conv2d(x, offset, weight, padding=1)
    torchvision.ops.roi_pool(x, rois, (7, 7))
print("threads 2:" in dcngen.torch.explain(), flush=True)
os._exit(0)
"""


def test_a_child_loads_dcngen():
    run_it = [sys.executable, "-c", _LOADED_BY_A_CHILD]
    done = subprocess.run(run_it, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True"]


def _child(case, want, connection):
    with torch.no_grad():
        got = ops.deform_conv2d(**case[0], **case[1])
    connection.send(np.array_equal(got, want))  # torch's own loops wait for threads of the parent


def test_fork_after_use():
    case = layer(size=(40, 40), c=64, o=64, n=1)  # for two threads
    with dcngen.torch.patch("torchvision"):
        want = ops.deform_conv2d(**case[0], **case[1]).detach()
        here, there = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=_child, args=(case, want, there))
        child.start()
        assert here.poll(60)
        assert here.recv()
        child.join()
    assert os.waitstatus_to_exitcode(0) == child.exitcode


class Deformed(torch.utils.data.Dataset):
    """Items that are made by a kernel."""

    def __init__(self, case):
        self.operands, self.attributes = case

    def __len__(self):
        return 6

    def __getitem__(self, i):
        with torch.no_grad():
            x = self.operands["input"] * (i + 1)
            return ops.deform_conv2d(**{**self.operands, "input": x}, **self.attributes)[0]


def test_workers_of_a_data_loader():
    """Children of a process that has used kernels, on one thread each, as the loader sets it."""
    data = Deformed(layer(size=(20, 20), n=1))
    with dcngen.torch.patch("torchvision"):
        want = torch.stack([data[i] for i in range(len(data))])
        loader = torch.utils.data.DataLoader(
            data, batch_size=2, num_workers=2, multiprocessing_context="fork"
        )
        for _ in range(2):
            assert_close(torch.cat(list(loader)), want, rtol=0, atol=0)


def test_channels_last_in_our_own_function():
    operands, attributes = layer(dtype=F32)
    want = run(operands, attributes)
    last = {
        k: v.detach().to(memory_format=torch.channels_last).requires_grad_()
        if v.dim() == 4 and k != "weight"
        else v
        for k, v in operands.items()
    }
    output = dcngen.torch.deform_conv2d(**last, **attributes)
    assert output.is_contiguous(memory_format=torch.channels_last)
    assert [kind.text.count('layout = "nhwc"') for kind in log._ran.values()] == [1]
    seed = torch.arange(want[0].numel(), dtype=F32).view(want[0].shape).sin()
    got = [output, *torch.autograd.grad(output, list(last.values()), seed)]
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-4)
    assert got[1].is_contiguous(memory_format=torch.channels_last)
    assert all('layout = "nhwc"' in kind.text for kind in log._ran.values())


def test_only_what_is_needed_is_computed():
    operands, attributes = layer()
    operands["weight"].requires_grad_(False)
    operands["mask"].requires_grad_(False)
    dcngen.torch.deform_conv2d(**operands, **attributes).sum().backward()
    assert operands["weight"].grad is None
    got = {k: operands[k].grad for k in ("input", "offset", "bias")}
    for k in got:
        operands[k].grad = None
    ops.deform_conv2d(**operands, **attributes).sum().backward()
    for k, v in got.items():
        if k != "offset":  # -1 is not met by these offsets
            assert_close(v, operands[k].grad)


def attributes_of(function):
    """Names in order, and the defaults, in which n is as (n, n)."""
    found = inspect.signature(function).parameters.values()
    pairs = [(p.name, p.default) for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    return [(name, (d, d) if type(d) is int else d) for name, d in pairs]


@pytest.mark.parametrize(
    "name", ["deform_conv2d", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool"]
)
def test_signatures_are_torchvisions(name):
    want = attributes_of(getattr(ops, name))
    assert attributes_of(getattr(dcngen, name)) == want
    if hasattr(dcngen.torch, name):
        assert attributes_of(getattr(dcngen.torch, name)) == want


def test_explain():
    with dcngen.torch.patch("torchvision"):
        for _ in range(2):
            run(*layer())
    text = dcngen.torch.explain()
    assert "torchvision::deform_conv2d, 2 times: dcngen" in text
    assert "N 2, H 7, W 9, result 2 x 6 x 7 x 9" in text
    assert "compiled for this size" in text
    assert "schedule: " in text
