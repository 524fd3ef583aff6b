"""Packages whose compiled part is missing or cannot work on the CPU.

The packages of these tests are written here: they ask for their compiled parts as the real ones do.

SPDX-License-Identifier: Apache-2.0
"""

import importlib
import importlib.metadata
import sys

import pytest
import torch
from torch.testing import assert_close
from torchvision import ops

import dcngen
import dcngen.torch

PACKAGES = {
    "mmcv/__init__.py": "",
    "mmcv/ops.py": """
import importlib
from torch.autograd import Function
ext = importlib.import_module("mmcv._ext")
assert hasattr(ext, "nms"), "names that nobody calls must be there"


class Plain(Function):
    @staticmethod
    def forward(ctx, x, offset, weight, bias, k):
        ctx.save_for_backward(x, offset, weight)
        ctx.k = k
        y = x.new_empty(x.shape[0], weight.shape[0], *offset.shape[2:])
        ext.deform_conv_forward(x, weight, offset, y, x.new_empty(0), x.new_empty(0), **k)
        return y

    @staticmethod
    def backward(ctx, g):
        x, offset, weight = ctx.saved_tensors
        gx, go, gw = x * 0, offset * 0, weight * 0
        empty = x.new_empty(0)
        ext.deform_conv_backward_input(x, offset, g, gx, go, weight, empty, **ctx.k)
        ext.deform_conv_backward_parameters(x, offset, g, gw, empty, empty, scale=1, **ctx.k)
        return gx, go, gw, None, None


class Modulated(Function):
    @staticmethod
    def forward(ctx, x, offset, mask, weight, bias, k):
        ctx.save_for_backward(x, offset, mask, weight, bias)
        ctx.k = k
        y = x.new_empty(x.shape[0], weight.shape[0], *offset.shape[2:])
        e = x.new_empty(0)
        ext.modulated_deform_conv_forward(x, weight, bias, e, offset, mask, y, e, **k)
        return y

    @staticmethod
    def backward(ctx, g):
        x, offset, mask, weight, bias = ctx.saved_tensors
        gx, go, gm, gw, gb = (t * 0 for t in (x, offset, mask, weight, bias))
        e = x.new_empty(0)
        ext.modulated_deform_conv_backward(
            x, weight, bias, e, offset, mask, e, gx, gw, gb, go, gm, g.contiguous(), **ctx.k)
        return gx, go, gm, gw, gb, None


class Align(Function):
    @staticmethod
    def forward(ctx, x, rois, k):
        ctx.save_for_backward(rois)
        ctx.shape, ctx.k, e = x.shape, k, x.new_zeros(0)
        y = x.new_zeros(rois.shape[0], x.shape[1], 2, 2)
        ext.roi_align_forward(x, rois, y, e, e, **k)
        return y

    @staticmethod
    def backward(ctx, g):
        (rois,) = ctx.saved_tensors
        gx, e = g.new_zeros(ctx.shape), g.new_zeros(0)
        ext.roi_align_backward(g.contiguous(), rois, e, e, gx, **ctx.k)
        return gx, None, None


class Pool(Function):
    @staticmethod
    def forward(ctx, x, rois, offset, k):
        ctx.save_for_backward(x, rois, offset)
        ctx.k = k
        y = x.new_zeros(rois.shape[0], x.shape[1], 2, 2)
        ext.deform_roi_pool_forward(x, rois, offset, y, **k)
        return y

    @staticmethod
    def backward(ctx, g):
        x, rois, offset = ctx.saved_tensors
        gx, go = x * 0, offset * 0
        ext.deform_roi_pool_backward(g, x, rois, offset, gx, go, **ctx.k)
        return gx, None, go, None
""",
    "dcnv3_func.py": """
import DCNv3
try:
    import pkg_resources
except ImportError:  # newer setuptools have none
    pass
else:
    assert float(pkg_resources.get_distribution("DCNv3").version) > 1.0


def forward(x, offset, mask, **more):
    return DCNv3.dcnv3_forward(x, offset, mask, 3, 3, 1, 1, 1, 1, 1, 1, 2, 4, 1.0, 256, *more.values())


def backward(x, offset, mask, grad):
    return DCNv3.dcnv3_backward(x, offset, mask, 3, 3, 1, 1, 1, 1, 1, 1, 2, 4, 1.0, grad, 256, 0)
""",
    "plain_core.py": """
def dcnv3_core_pytorch(x, offset, mask, kh, kw, sh, sw, ph, pw, dh, dw, group, channels, scale, remove_center):
    return (x * mask.sum() + offset.sum()) * 0 + 7
""",
    "DCNv4/__init__.py": "",
    "DCNv4/functions.py": """
from DCNv4 import ext


def forward(x, offset_mask, softmax=False):
    return ext.dcnv4_forward(x, offset_mask, 3, 3, 1, 1, 1, 1, 1, 1, 2, 4, 1.0, 256, 0, 8, 64, softmax)


def backward(x, offset_mask, grad):
    return ext.dcnv4_backward(x, offset_mask, 3, 3, 1, 1, 1, 1, 1, 1, 2, 4, 1.0, 256, grad, 0, 8, 64, False)
""",
}

PLAIN = {
    "kW": 3, "kH": 3, "dW": 1, "dH": 1, "padW": 1, "padH": 1, "dilationW": 1, "dilationH": 1,
    "group": 1, "deformable_group": 2, "im2col_step": 32,
}  # fmt: skip
MODULATED = {
    "kernel_h": 3, "kernel_w": 3, "stride_h": 1, "stride_w": 1, "pad_h": 1, "pad_w": 1,
    "dilation_h": 1, "dilation_w": 1, "group": 1, "deformable_group": 2, "with_bias": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def packages(tmp_path, monkeypatch):
    """They can be imported, and are forgotten afterwards."""
    for name, text in PACKAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("mmcv", "DCNv3", "DCNv4", "dcnv3_func", "plain_core"):
            del sys.modules[name]


def tensors(**shapes):
    return {k: torch.randn(*s, dtype=torch.float64).requires_grad_() for k, s in shapes.items()}


def graded(output, operands):
    seed = torch.arange(output.numel(), dtype=output.dtype).view(output.shape).sin()
    return [output, *torch.autograd.grad(output, operands, seed)]


def layer():
    return tensors(
        x=(2, 4, 5, 6), offset=(2, 36, 5, 6), mask=(2, 18, 5, 6), weight=(3, 4, 3, 3), bias=(3,)
    )


def same(got, want):
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, rtol=1e-9, atol=1e-9)


def test_mmcv_without_its_compiled_part():
    with pytest.raises(ImportError):
        importlib.import_module("mmcv.ops")
    patch = dcngen.torch.patch("mmcv")
    mmcv = importlib.import_module("mmcv.ops")
    t = layer()
    x, offset, mask, weight, bias = t.values()
    got = graded(mmcv.Plain.apply(x, offset, weight, None, PLAIN), [x, offset, weight])
    same(got, graded(ops.deform_conv2d(x, offset, weight, padding=1), [x, offset, weight]))
    got = graded(mmcv.Modulated.apply(x, offset, mask, weight, bias, MODULATED), list(t.values()))
    want = ops.deform_conv2d(x, offset, weight, bias, padding=1, mask=mask)
    same(got, graded(want, list(t.values())))
    with pytest.raises(dcngen.Error, match=r"mmcv\._ext\.nms is not built, and dcngen has none"):
        mmcv.ext.nms()
    patch.undo()
    undone = "deform_conv_forward is not built, and the patch of dcngen was undone"
    with pytest.raises(dcngen.Error, match=undone):
        mmcv.Plain.apply(x, offset, weight, None, PLAIN)
    with pytest.raises(dcngen.Error, match=r"mmcv\._ext\.nms is not built, and dcngen has none"):
        mmcv.ext.nms()
    assert "mmcv._ext" not in sys.modules


@pytest.mark.parametrize(
    ("how", "stated"), [({"group": 2}, r"\(2, 2\)"), ({"deformable_group": 1}, r"\(1, 1\)")]
)
def test_groups_that_the_shapes_are_not_of(how, stated):
    x, offset, mask, weight, bias = layer().values()
    message = f"groups and offset groups are stated as {stated}, those of the shapes are "
    with dcngen.torch.patch("mmcv"):
        mmcv = importlib.import_module("mmcv.ops")
        with pytest.raises(dcngen.Error, match=message):
            mmcv.Plain.apply(x, offset, weight, None, {**PLAIN, **how})
        with pytest.raises(dcngen.Error, match=message):
            mmcv.Modulated.apply(x, offset, mask, weight, bias, {**MODULATED, **how})


def test_mmcvs_slope_at_the_border():
    t = layer()
    x, _, _, weight, _ = t.values()
    zero = torch.zeros(2, 36, 5, 6, dtype=torch.float64, requires_grad=True)
    with dcngen.torch.patch("mmcv"):
        mmcv = importlib.import_module("mmcv.ops")
        y = mmcv.Plain.apply(x, zero, weight, None, PLAIN)
        (ours,) = torch.autograd.grad(y.sum(), zero)
    (theirs,) = torch.autograd.grad(ops.deform_conv2d(x, zero, weight, padding=1).sum(), zero)
    assert_close(ours[..., 1:-1, 1:-1], theirs[..., 1:-1, 1:-1])
    assert (ours[:, 0, 0] == 0).all()  # dy of the first tap in the first row: y is -1
    assert (theirs[:, 0, 0] != 0).any()


ALIGN = {
    "aligned_height": 2, "aligned_width": 2, "spatial_scale": 0.5, "sampling_ratio": 2,
    "pool_mode": 1, "aligned": True,
}  # fmt: skip
POOL = {
    "pooled_height": 2, "pooled_width": 2, "spatial_scale": 0.5, "sampling_ratio": 2, "gamma": 0.1,
}  # fmt: skip


def test_mmcv_regions():
    t = tensors(x=(1, 3, 8, 8), offset=(2, 2, 2, 2))
    x, offset = t.values()
    rois = torch.tensor([[0, 1.0, 2, 11, 12], [0, 4, 3, 8, 6]], dtype=torch.float64)
    want = graded(ops.roi_align(x, rois, 2, 0.5, 2, aligned=True), [x])
    with dcngen.torch.patch("mmcv"):
        mmcv = importlib.import_module("mmcv.ops")
        same(graded(mmcv.Align.apply(x, rois, ALIGN), [x]), want)
        same(graded(mmcv.Pool.apply(x, rois, x.new_empty(0), POOL), [x]), want)
        got = graded(mmcv.Pool.apply(x, rois, offset, POOL), [x, offset])
        with pytest.raises(dcngen.Error, match="its average only"):
            mmcv.Align.apply(x, rois, {**ALIGN, "pool_mode": 0})
    ours = dcngen.torch.deform_roi_pool(x, rois, offset, 2, 0.5, 2)
    same(got, graded(ours, [x, offset]))
    assert not torch.allclose(ours, want[0])


def test_a_compiled_mmcv_is_left_alone_elsewhere(tmp_path):
    (tmp_path / "mmcv/_ext.py").write_text(
        "def deform_conv_forward(*args, **k): return 'theirs'\ndef nms(): return 'theirs'\n"
    )
    ext = importlib.import_module("mmcv._ext")
    x, offset, _, weight, _ = layer().values()
    with dcngen.torch.patch("mmcv"), torch.no_grad():
        y = torch.empty(2, 3, 5, 6, dtype=torch.float64)
        assert ext.deform_conv_forward(x, weight, offset, y, **PLAIN) is None
        assert_close(y, ops.deform_conv2d(x, offset, weight, padding=1))
        assert ext.nms() == "theirs"
        elsewhere = [t.to("meta") for t in (x, weight, offset, y)]
        assert ext.deform_conv_forward(*elsewhere, **PLAIN) == "theirs"
    assert ext.deform_conv_forward(x, weight, offset, y) == "theirs"


def aggregated():
    return tensors(x=(1, 5, 6, 8), offset=(1, 5, 6, 36), mask=(1, 5, 6, 18))


def test_dcnv3_without_its_compiled_part():
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("DCNv3")
    t = {k: v.detach() for k, v in aggregated().items()}
    with dcngen.torch.patch("DCNv3"):
        assert importlib.metadata.version("DCNv3") == "1.1"
        func = importlib.import_module("dcnv3_func")
        want = torch.from_numpy(dcngen.dcnv3(*t.values(), groups=2))
        assert_close(func.forward(**t), want)
        assert_close(func.forward(**t, remove_center=0), want)
        got = func.backward(*t.values(), want)
    leaves = [v.requires_grad_() for v in t.values()]
    output = dcngen.torch.dcnv3(*leaves, groups=2)
    for a, b in zip(got, torch.autograd.grad(output, leaves, want), strict=True):
        assert_close(a, b)
    assert "DCNv3" not in sys.modules
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("DCNv3")


def test_dcnv3s_core_in_plain_torch():
    core = importlib.import_module("plain_core")
    t = aggregated()
    rest = (3, 3, 1, 1, 1, 1, 1, 1, 2, 4, 1.0, 0)
    with dcngen.torch.patch("DCNv3"):
        with torch.no_grad():
            got = core.dcnv3_core_pytorch(*t.values(), *rest)
        assert_close(
            got, torch.from_numpy(dcngen.dcnv3(*(v.detach() for v in t.values()), groups=2))
        )
        core.dcnv3_core_pytorch(*t.values(), *rest).sum().backward()
        assert all(v.grad.any() for v in t.values())
        elsewhere = [v.to("meta") for v in t.values()]
        assert core.dcnv3_core_pytorch(*elsewhere, *rest).is_meta
    assert (core.dcnv3_core_pytorch(*t.values(), *rest) == 7).all()


def test_dcnv4_without_its_compiled_part():
    x = torch.randn(1, 5, 6, 8)
    offset_mask = torch.randn(1, 5, 6, 56)
    with dcngen.torch.patch("DCNv4"):
        func = importlib.import_module("DCNv4.functions")
        for softmax in (False, True):
            want = dcngen.dcnv4(x, offset_mask, 2, softmax=softmax)
            assert_close(func.forward(x, offset_mask, softmax), torch.from_numpy(want))
        got = func.backward(x, offset_mask, x)
    leaves = [x.requires_grad_(), offset_mask.requires_grad_()]
    output = dcngen.torch.dcnv4(*leaves, 2)
    for a, b in zip(got, torch.autograd.grad(output, leaves, x.detach()), strict=True):
        assert_close(a, b)


def test_what_was_imported_works_under_a_later_patch():
    x, offset_mask = torch.randn(1, 5, 6, 8), torch.randn(1, 5, 6, 56)
    offset, mask = torch.randn(1, 5, 6, 36), torch.randn(1, 5, 6, 18)
    a, b, _, weight, _ = layer().values()
    calls = {
        "mmcv": ("mmcv.ops", lambda m: m.Plain.apply(a, b, weight, None, PLAIN)),
        "DCNv3": ("dcnv3_func", lambda m: m.forward(x, offset, mask)),
        "DCNv4": ("DCNv4.functions", lambda m: m.forward(x, offset_mask)),
    }
    for name, (imported, call) in calls.items():
        with dcngen.torch.patch(name):
            module = importlib.import_module(imported)
            want = call(module)
        with pytest.raises(dcngen.Error, match="the patch of dcngen was undone"):
            call(module)
        with dcngen.torch.patch(name):
            assert_close(call(module), want)
        with pytest.raises(dcngen.Error, match="the patch of dcngen was undone"):
            call(module)


def test_groups_are_of_all_channels():
    """As upstream asserts it."""
    t = {k: v.detach() for k, v in aggregated().items()}
    stated = (3, 3, 1, 1, 1, 1, 1, 1, 2, 3, 1.0)  # 2 groups of 3 channels, and the map has 8
    offset_mask = torch.zeros(1, 5, 6, 56)
    message = "2 groups of 3 channels are stated, and input has shape "
    with dcngen.torch.patch("DCNv3", "DCNv4"):
        v3, v4 = importlib.import_module("DCNv3"), importlib.import_module("DCNv4.ext")
        for call in (
            lambda: v3.dcnv3_forward(*t.values(), *stated, 256),
            lambda: v3.dcnv3_backward(*t.values(), *stated, t["x"], 256),
            lambda: v4.dcnv4_forward(t["x"], offset_mask, *stated, 256, 0, 8, 64, False),
            lambda: v4.dcnv4_backward(t["x"], offset_mask, *stated, 256, t["x"], 0, 8, 64, False),
        ):
            with pytest.raises(dcngen.Error, match=message):
                call()


def test_a_package_that_is_not_there(tmp_path):
    for name in ("mmcv", "DCNv4"):
        (tmp_path / name).rename(tmp_path / "away")
        importlib.invalidate_caches()
        with pytest.raises(dcngen.Error, match=f"there is no package {name}"):
            dcngen.torch.patch(name)
        (tmp_path / "away").rename(tmp_path / name)
