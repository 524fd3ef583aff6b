"""Calls of deformable operators of all packages, as what a model looks at needs them watched.

Where the packages cannot be had, classes of the same names and arguments stand in.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import pytest
import torch
from pictures import assert_checked, photo
from torch import nn
from torch.autograd import Function
from torchvision import ops

import dcngen
import dcngen.torch
from dcngen.torch import visualize


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class Offsets(nn.Module):
    """A deformable layer with a convolution that makes its offsets, and its mask."""

    def __init__(self, function, channels=4, groups=1):
        super().__init__()
        self.function = function
        self.made = nn.Conv2d(channels, 27 * groups, 3, padding=1)
        self.split = (18 * groups, 9 * groups)
        self.weight = nn.Parameter(torch.randn(channels, channels, 3, 3) / 4)

    def forward(self, x):
        offset, mask = self.made(x).split(self.split, 1)
        return self.function(x, 2 * offset, mask.sigmoid(), self.weight)


def torchvisions(x, offset, mask, weight):
    return ops.deform_conv2d(x, offset, weight, padding=1, mask=mask)


def ours(x, offset, mask, weight):
    return dcngen.torch.deform_conv2d(x, offset, weight, padding=1, mask=mask)


class ModulatedDeformConv2dFunction(Function):
    """As mmcv's, computed by torchvision."""

    @staticmethod
    def forward(
        ctx, input, offset, mask, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, n=1
    ):
        ctx.save_for_backward(input, offset, mask, weight)
        ctx.padding = padding
        return ops.deform_conv2d(input, offset, weight, padding=padding, mask=mask)

    @staticmethod
    def backward(ctx, grad):
        given = [t.detach().requires_grad_() for t in ctx.saved_tensors]
        with torch.enable_grad():
            y = ops.deform_conv2d(given[0], given[1], given[3], padding=ctx.padding, mask=given[2])
        return (*torch.autograd.grad(y, given, grad), *[None] * 6)


modulated_deform_conv2d = ModulatedDeformConv2dFunction.apply


def mmcvs(x, offset, mask, weight):
    return modulated_deform_conv2d(x, offset, mask, weight, None, 1, 1, 1, 1, 1)


class DeformConv2dFunction(Function):
    """As mmcv's, computed by torchvision."""

    @staticmethod
    def forward(ctx, input, offset, weight, stride=1, padding=0, dilation=1, groups=1, n=1):
        ctx.save_for_backward(input, offset, weight)
        ctx.padding = padding
        return ops.deform_conv2d(input, offset, weight, padding=padding)

    @staticmethod
    def backward(ctx, grad):
        given = [t.detach().requires_grad_() for t in ctx.saved_tensors]
        with torch.enable_grad():
            y = ops.deform_conv2d(*given, padding=ctx.padding)
        return (*torch.autograd.grad(y, given, grad), *[None] * 5)


def mmcvs_first(x, offset, mask, weight):
    return DeformConv2dFunction.apply(x, offset, weight, (1, 1), (1, 1), (1, 1), 1, 1)


def attributes(v):
    """From kernel_h to offset_scale, as InternImage has them."""
    return {"groups": v[8], "kernel_size": v[:2], "padding": v[4:6], "offset_scale": v[10]}


class _InternImages(Function):
    """Computed by dcngen; the first arguments are tensors."""

    @classmethod
    def split(cls, given):
        return given[: cls.tensors], given[cls.tensors :]

    @classmethod
    def run(cls, tensors, v):
        return getattr(dcngen.torch, cls.operator)(*tensors, **attributes(v))


class DCNv3Function(_InternImages):
    operator, tensors = "dcnv3", 3

    @staticmethod
    def forward(ctx, *given):
        tensors, ctx.v = DCNv3Function.split(given)
        ctx.save_for_backward(*tensors)
        return DCNv3Function.run(tensors, ctx.v)

    @staticmethod
    def backward(ctx, grad):
        return gradients(DCNv3Function, ctx, grad)


class DCNv4Function(_InternImages):
    operator, tensors = "dcnv4", 2

    @staticmethod
    def forward(ctx, *given):
        tensors, ctx.v = DCNv4Function.split(given)
        ctx.save_for_backward(*tensors)
        return DCNv4Function.run(tensors, ctx.v)

    @staticmethod
    def backward(ctx, grad):
        return gradients(DCNv4Function, ctx, grad)


def gradients(of, ctx, grad):
    given = [t.detach().requires_grad_() for t in ctx.saved_tensors]
    with torch.enable_grad():
        y = of.run(given, ctx.v)
    return (*torch.autograd.grad(y, given, grad), *[None] * len(ctx.v))


def dcnv3_core_pytorch(input, offset, mask, *v):
    """As InternImage's, which pads height by pad_w and width by pad_h, computed by dcngen."""
    return dcngen.torch.dcnv3(input, offset, mask, **attributes(v) | {"padding": v[5:3:-1]})


def channels_last(*tensors):
    return [t.permute(0, 2, 3, 1) for t in tensors]


def internimages(x, offset, mask, weight):
    last = channels_last(x, offset, mask)
    y = DCNv3Function.apply(*last, 3, 3, 1, 1, 1, 1, 1, 1, 1, 4, 1.5, 256, False)
    return y.permute(0, 3, 1, 2)


def internimages_core(x, offset, mask, weight):
    last = channels_last(x, offset, mask)
    y = dcnv3_core_pytorch(*last, 3, 3, 1, 1, 1, 1, 1, 1, 1, 4, 1.5)
    return y.permute(0, 3, 1, 2)


def flash_internimages(x, offset, mask, weight):
    """Offsets and masks in one tensor, whose channels are a multiple of 8."""
    more = torch.zeros_like(mask[:, :5])
    last = channels_last(x, torch.cat((offset, mask, more), 1))
    y = DCNv4Function.apply(*last, 3, 3, 1, 1, 1, 1, 1, 1, 1, 4, 1.5, 256, False)
    return y.permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    ("function", "offsets"),
    [
        (torchvisions, "live"),
        (torchvisions, "fixed"),
        (ours, "live"),
        (mmcvs, "live"),
        (mmcvs_first, "live"),
        (internimages, "fixed"),
        (internimages_core, "live"),
        (flash_internimages, "live"),
    ],
)
def test_functions(tmp_path, function, offsets):
    stem = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Tanh())
    model = nn.Sequential(stem, Offsets(function), Offsets(function))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    show = ["receptive-field", "sampling", "points", "offsets"]
    result = visualize(model, photo(), "2", (3, 4), show=show, offsets=offsets, output=tmp_path)
    assert result["image"] == "" and result["further_images"] == []
    assert_checked(result, 3)
    assert all((before[k] == v).all() for k, v in model.state_dict().items())
    assert not any(m._forward_hooks for m in model.modules())
    points = result["nodes"][0]["shown"][2]["figures"]
    assert points["layers"] == 2 and points["points"] + 9 * points["outside"] == 81
    position = np.load(tmp_path / "2-3-4.sampling.1.position.npy")
    offset = np.load(tmp_path / "2-3-4.offsets.1.offset.npy")
    grid = (position - offset)[0, 2, 3, 0]
    if "internimages" in function.__name__:  # column by column, from the middle on 1.5 times as far
        grid = ((grid - (2, 3)) / 1.5 + (2, 3)).reshape(3, 3, 2).transpose(1, 0, 2).reshape(9, 2)
    np.testing.assert_allclose(grid, [[y, x] for y in (1, 2, 3) for x in (2, 3, 4)])


@pytest.mark.parametrize(
    ("name", "optimized"),
    [
        ("DeformConv2dPack", False),
        ("ModulatedDeformConv2dPack", True),
        ("DCNv3", True),
        ("DCNv4", False),
    ],
)
def test_our_modules(tmp_path, name, optimized):
    kind = getattr(dcngen.torch, name)
    last = name.startswith("DCN")
    layers = [kind(channels=16, group=1) if last else kind(3, 4, 3, stride=2, padding=1)]
    model = nn.Sequential(nn.Linear(3, 16), *layers) if last else nn.Sequential(*layers)
    for p in model.parameters():
        nn.init.normal_(p, std=0.3)
    model = dcngen.torch.optimize(model) if optimized else model
    image = photo(10)
    forward = (lambda m, x: m(x.permute(0, 2, 3, 1))) if last else None
    if name == "DCNv4":  # [N, H*W, C]
        forward, model = None, nn.Sequential(Tokens(), *model, Maps())
    layer, layout = (str(len(model) - 1), "nhwc") if last else ("0", "nchw")
    result = visualize(
        model,
        image,
        layer,
        show="receptive-field,sampling",
        forward=forward,
        layout=layout,
        output=tmp_path,
    )
    assert_checked(result, 2)


class Tokens(nn.Module):
    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


class Maps(nn.Module):
    def forward(self, x):
        return x.unflatten(1, (10, 10))


class Regions(nn.Module):
    def __init__(self, share=False):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.register_buffer("boxes", torch.tensor([[0.0, 2, 3, 9, 12], [0, 3, 4, 12, 11]]))
        self.offset = nn.Parameter(torch.randn(2, 2, 2, 3) / 8)  # inside the map
        self.head = nn.Linear(4 * 6, 5)

    def forward(self, x):
        y = dcngen.torch.deform_roi_pool(self.stem(x), self.boxes, self.offset, (2, 3), gamma=0.5)
        return self.head(y.flatten(1))


def test_regions(tmp_path):
    show = "receptive-field,bins,saliency"
    result = visualize(Regions(), photo(), "head", 1, show=show, output=tmp_path, superpixels=8)
    assert_checked(result, 3)
    size = np.load(tmp_path / "head-roi-1.bins.deform_roi_pool.size.npy")
    assert size.shape == (2, 2, 3, 1, 1, 2)
    np.testing.assert_allclose(size[1, 0, 0, 0, 0], (7 / 2, 9 / 3))
    assert result["nodes"][0]["place_y"] == 7.5


class DeformRoIPoolFunction(Function):
    """As mmcv's, computed by dcngen."""

    @staticmethod
    def forward(ctx, input, rois, offset, size, scale=1.0, ratio=0, gamma=0.1):
        ctx.save_for_backward(input, offset)
        ctx.run = lambda x, o: dcngen.torch.deform_roi_pool(x, rois, o, size, scale, ratio, gamma)
        return ctx.run(input, offset)

    @staticmethod
    def backward(ctx, grad):
        given = [t.detach().requires_grad_() for t in ctx.saved_tensors]
        with torch.enable_grad():
            d_input, d_offset = torch.autograd.grad(ctx.run(*given), given, grad)
        return d_input, None, d_offset, None, None, None, None


def test_regions_of_mmcv(tmp_path):
    class Model(Regions):
        def forward(self, x):
            y = DeformRoIPoolFunction.apply(
                self.stem(x), self.boxes, self.offset, (2, 3), 1.0, 0, 0.5
            )
            return self.head(y.flatten(1))

    model = Model()
    result = visualize(model, photo(), "head", 0, show="bins", output=tmp_path)
    assert_checked(result, 1)
    position = np.load(tmp_path / "head-roi-0.bins.deform_roi_pool.position.npy")[0, 0, 0, 0, 0]
    moved = model.offset.detach()[0, :, 0, 0].numpy()  # x, then y
    np.testing.assert_allclose(position[0], 3 - 0.5 + (0.5 / 2 + 0.5 * moved[1]) * 9, rtol=1e-6)
    np.testing.assert_allclose(position[1], 2 - 0.5 + (0.5 / 3 + 0.5 * moved[0]) * 7, rtol=1e-6)


def test_the_core_of_internimage_pads_the_other_way_round(tmp_path):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.made = nn.Conv2d(3, 27, 3, padding=(1, 0))

        def forward(self, x):
            last = channels_last(x, *self.made(x).split((18, 9), 1))
            return dcnv3_core_pytorch(*last, 3, 3, 1, 1, 0, 1, 1, 1, 1, 3, 1.0)

    model = nn.Sequential(Model())
    result = visualize(
        model, photo(12), "0", (2, 3), show="sampling,offsets", layout="nhwc", output=tmp_path
    )
    assert_checked(result, 1)
    offset = np.load(tmp_path / "0-2-3.offsets.0.offset.npy")
    position = np.load(tmp_path / "0-2-3.sampling.0.position.npy")
    assert position.shape == (1, 12, 10, 1, 9, 2)
    np.testing.assert_allclose((position - offset)[0, 2, 3, 0, 4], (2, 4))


def test_offsets_that_layers_share(tmp_path):
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.offset = nn.Conv2d(3, 18, 3, padding=1)
            self.weight = nn.Parameter(torch.randn(3, 3, 3, 3))

        def forward(self, x):
            offset = self.offset(x)
            for _ in range(2):
                x = ops.deform_conv2d(x, offset, self.weight, padding=1)
            return x

    options = {"output": tmp_path, "show": "sampling,points"}
    assert_checked(visualize(Shared(), photo(), "deform_conv2d-2", **options), 2)
    names = (f"deform_conv2d-2.sampling.deform_conv2d{n}.gradient.npy" for n in ("", "-2"))
    first, second = (np.load(tmp_path / name) for name in names)
    assert (first == second).all() and first.any()


def test_errors_of_the_model_are_its_own(tmp_path):
    class Broken(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError("by the model")

    dispatched = torch.ops.torchvision.deform_conv2d
    with pytest.raises(ZeroDivisionError, match="by the model"):
        visualize(nn.Sequential(Broken()), photo(), "0", output=tmp_path)
    assert torch.get_default_dtype() == torch.float32
    assert torch.ops.torchvision.deform_conv2d is dispatched
    assert modulated_deform_conv2d == ModulatedDeformConv2dFunction.apply
