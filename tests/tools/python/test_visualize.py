"""What a model of PyTorch looks at: the same as dcngen's own network, and right for every kind of deformable layer.

That gradients are right every run finds out by itself, by small steps; here that it did.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess

import numpy as np
import pytest
import torch
from conftest import SOURCE
from torch import nn
from torch.autograd import Function
from torchvision import ops

import dcngen
import dcngen.torch
from dcngen import program
from dcngen.torch import visualize

PHOTO = SOURCE / "examples/rectify/original.png"
TRAINED = SOURCE / "examples/trained"


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def photo(size=16):
    return torch.rand(1, 3, size, size)


def checks_of(result):
    return [c for node in result["nodes"] for shown in node["shown"] for c in shown["checks"]]


def assert_checked(result, n):
    checks = checks_of(result)
    assert len(checks) == n and all(c["passed"] for c in checks), checks


# ---- beside the program ---------------------------------------------------------------------------


def safetensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            begin, end = (8 + size + at for at in entry["data_offsets"])
            values = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
            yield name, torch.tensor(values.copy())


class Trained(nn.Module):
    """examples/trained/deform.lua."""

    def __init__(self):
        super().__init__()
        channels = {"stem1": (3, 16), "stem2": (16, 32), "head": (32, 6)}
        for i in "123":
            channels |= {"deform" + i: (32, 32), "offset" + i: (32, 18)}
        for name, (inputs, outputs) in channels.items():
            size, stride = (1 if name == "head" else 3), (2 if name.startswith("stem") else 1)
            self.add_module(name, nn.Conv2d(inputs, outputs, size, stride, size // 2))
        self.act = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.ReLU()])
        self.load_state_dict(dict(safetensors(TRAINED / "deform.safetensors")))

    def forward(self, x):
        x = self.stem2(self.stem1(x).relu()).relu()
        for i, act in zip("123", self.act, strict=True):
            layer = getattr(self, "deform" + i)
            offset = getattr(self, "offset" + i)(x)
            x = act(ops.deform_conv2d(x, offset, layer.weight, layer.bias, padding=1))
        return self.head(x)


def arrays(folder, prefix):
    return {p.name.removeprefix(prefix): np.load(p) for p in folder.glob(f"{prefix}*.npy")}


@pytest.mark.parametrize("offsets", ["live", "fixed"])
def test_the_same_as_the_program(tmp_path, offsets):
    options = {
        "show": "receptive-field,sampling,points,offsets,saliency",
        "range": 255,
        "mean": 128,
        "std": 64,
        "offsets": offsets,
        "superpixels": "blocks=8",
        "samples": 2,
        "seed": 3,
    }
    ours = tmp_path / "ours"
    command = [
        program.find(),
        "visualize",
        TRAINED / "deform.lua",
        "--kernel=deform",
        f"--image={PHOTO}",
    ]
    command += [f"--{name}={value}" for name, value in options.items()]
    command += [f"--weights={TRAINED / 'deform.safetensors'}", "--node=deform3:5,6", "-o", ours]
    subprocess.run([*command, "-Dh=48", "-Dw=48"], check=True, capture_output=True)
    theirs = tmp_path / "theirs"
    result = visualize(Trained(), PHOTO, "act.2", (5, 6), size=(48, 48), output=theirs, **options)
    expected, found = arrays(ours, "deform3-5-6"), arrays(theirs, "act.2-5-6")
    assert expected.keys() == found.keys() and len(found) > 15
    for name, value in expected.items():
        scale = max(np.abs(value).max(), 1e-300)
        assert np.abs(found[name] - value).max() <= 1e-9 * scale, name
    root = json.loads((ours / "visualize.json").read_text())
    for a, b in zip(root["nodes"][0]["shown"], result["nodes"][0]["shown"], strict=True):
        assert a["method"] == b["method"]
        assert_figures(a["figures"], b["figures"])
    assert_checked(result, 5)
    assert root["size"] == result["size"] and result["network"] == "Trained"
    pages = [sorted(p.suffix for p in folder.iterdir()) for folder in (ours, theirs)]
    assert pages[0] == pages[1]


def assert_figures(expected, found):
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        if isinstance(value, dict):
            assert_figures(value, found[key])
        else:
            np.testing.assert_allclose(found[key], value, rtol=1e-6, atol=1e-9, err_msg=key)


# ---- all kinds of layers ----------------------------------------------------------------------------


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


class DCNv3Function(Function):
    """As InternImage's, computed by dcngen."""

    @staticmethod
    def attributes(v):
        return {"groups": v[8], "kernel_size": v[:2], "padding": v[4:6], "offset_scale": v[10]}

    @staticmethod
    def forward(ctx, input, offset, mask, *v):
        ctx.save_for_backward(input, offset, mask)
        ctx.v = v
        return dcngen.torch.dcnv3(input, offset, mask, **DCNv3Function.attributes(v))

    @staticmethod
    def backward(ctx, grad):
        given = [t.detach().requires_grad_() for t in ctx.saved_tensors]
        with torch.enable_grad():
            y = dcngen.torch.dcnv3(*given, **DCNv3Function.attributes(ctx.v))
        return (*torch.autograd.grad(y, given, grad), *[None] * len(ctx.v))


def internimages(x, offset, mask, weight):
    last = [t.permute(0, 2, 3, 1) for t in (x, offset, mask)]
    y = DCNv3Function.apply(*last, 3, 3, 1, 1, 1, 1, 1, 1, 1, 4, 1.5, 256, False)
    return y.permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    ("function", "offsets"),
    [
        (torchvisions, "live"),
        (torchvisions, "fixed"),
        (ours, "live"),
        (mmcvs, "live"),
        (internimages, "fixed"),
    ],
)
def test_functions(tmp_path, function, offsets):
    stem = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Tanh())
    model = nn.Sequential(stem, Offsets(function), Offsets(function))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    show = ["receptive-field", "sampling", "points", "offsets"]
    result = visualize(model, photo(), "2", (3, 4), show=show, offsets=offsets, output=tmp_path)
    assert_checked(result, 3)
    assert all((before[k] == v).all() for k, v in model.state_dict().items())
    assert not any(m._forward_hooks for m in model.modules())
    points = result["nodes"][0]["shown"][2]["figures"]
    assert points["layers"] == 2 and points["points"] + 9 * points["outside"] == 81
    position = np.load(tmp_path / "2-3-4.sampling.1.position.npy")
    offset = np.load(tmp_path / "2-3-4.offsets.1.offset.npy")
    grid = (position - offset)[0, 2, 3, 0]
    if function is internimages:  # column by column, from the middle on 1.5 times as far
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


# ---- what is wrong ----------------------------------------------------------------------------------


def wrong(tmp_path, text, *arguments, **options):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    with pytest.raises(dcngen.Error) as error:
        visualize(options.pop("model", model), *arguments, output=tmp_path / "out", **options)
    assert text in error.value.text, error.value
    assert not list(tmp_path.rglob("*.png"))


def test_what_cannot_be(tmp_path):
    image = photo()
    wrong(tmp_path, "the model has no layer '7'; it has 0, 1", image, "7")
    wrong(tmp_path, "--show: 'point' is not one of", image, "1", show="point")
    wrong(
        tmp_path, "no deformable convolution below 1 at (2, 3)", image, "1", (2, 3), show="points"
    )
    wrong(tmp_path, "'1' is a map of 14x14 for each of 1, and has no 20,3", image, "1", (20, 3))
    wrong(tmp_path, "image has shape (3,), expected (1, C, H, W) or (C, H, W)", [1, 2, 3], "1")
    wrong(tmp_path, "node = (1, 2, 3, 4), expected (y, x)", image, "1", (1, 2, 3, 4))
    wrong(tmp_path, "'eps' is none of response, offsets", image, "1", eps=0.1)
    wrong(tmp_path, "cannot read no.png: No such file", "no.png", "1")
    wrong(tmp_path, "is not a PNG file; give others as arrays", __file__, "1")
    wrong(
        tmp_path, "layer '0' makes dict, expected a tensor", image, "0", model=nn.Sequential(Dict())
    )


class Dict(nn.Module):
    def forward(self, x):
        return {"x": x}


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
