"""Deformable operators of models, and those on regions, become those of the language.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import pytest
from conftest import Layer
from decompose import Decomposition
from networks import Builder, Converted, agree
from test_custom import CASES, exported

import dcngen

F = np.float32


def deform_conv(layer, folder):
    feeds = layer.feeds()
    return agree(layer.model(), feeds, folder)


@pytest.mark.parametrize("how", [{}, {"mask": False, "bias": False}, {"pads": (0, 1, 2, 0), "stride": (1, 2)},
                                 {"group": 2, "offset_group": 2, "kernel": (1, 3), "dilation": (1, 2)},
                                 {"dtype": np.float64, "opset": 22}])  # fmt: skip
def test_deform_conv(how, tmp_path):
    assert deform_conv(Layer(**how), tmp_path).layers == ["deform_conv2d"]


@pytest.mark.parametrize(("domain", "name", "how", "padding"), CASES)
def test_mmcv(domain, name, how, padding, tmp_path):
    layer = Layer(pads=(2, 1, 2, 1), group=2, offset_group=2, **{**how, "dynamic": ""})
    feeds = layer.feeds()
    want = layer.theirs().run(None, feeds)[0]
    agree(exported(layer, domain, name, padding), feeds, tmp_path, {"y": want})


def test_decomposed(tmp_path):
    layer = Layer(opset=17)
    parts = Decomposition(layer, "GatherND").b
    model = layer.model(parts.nodes, more=parts.constants)
    assert agree(model, layer.feeds(), tmp_path).layers == ["deform_conv2d"]


def pack(b, x, modulation):
    """A layer as networks have it: offsets and logits by one convolution."""
    parts = b("Split", b.conv(x, 4, 27), outputs=3, axis=1, num_outputs=3)
    offset = b("Concat", *parts[:2], axis=1)
    mask = b("Sigmoid", parts[2])
    if modulation == "twice":
        mask = b("Mul", F(2), mask)
    return b("DeformConv", x, b.normal(5, 4, 3, 3), offset, "", mask, pads=[1] * 4)


@pytest.mark.parametrize("modulation", ["sigmoid", "twice"])
def test_masks_by_a_sigmoid(modulation, tmp_path):
    b = Builder()
    model = b.model({"x": (F, (1, 4, 9, 11))}, [b("Relu", pack(b, "x", modulation))])
    converted = agree(model, {"x": b.normal(1, 4, 9, 11)}, tmp_path)
    assert converted.layers == ["conv2d", "deform_conv2d"]
    assert "offset_mask = " in converted.text and 'modulation = "sigmoid"' in converted.text
    assert ("modulation_scale = 2" in converted.text) == (modulation == "twice")


# ---- DCNv3 ---------------------------------------------------------------------------------------

N, H, W, G, C = 2, 6, 7, 2, 8


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def mask_of(b, logits):
    shaped = b("Softmax", b("Reshape", logits, np.array([N, H, W, G, 9])), axis=-1)
    return b("Reshape", shaped, np.array([N, H, W, G * 9]))


def core_feeds(b):
    return {
        "x": b.normal(N, H, W, C),
        "o": b.normal(N, H, W, G * 18),
        "m": b.normal(N, H, W, G * 9),
    }


def core_want(feeds, **how):
    mask = softmax(feeds["m"].reshape(N, H, W, G, 9)).reshape(N, H, W, -1).astype(F)
    return dcngen.dcnv3(feeds["x"], feeds["o"], mask, G, **how)


def core_model(b, y, domains=()):
    """With the channels first outside, so that the inputs are maps in nchw."""
    return b.model({n: (F, s) for n, s in (("X", (N, C, H, W)), ("O", (N, G * 18, H, W)),
                                           ("M", (N, G * 9, H, W)))}, [y], domains=domains)  # fmt: skip


def turned(feeds):
    return {name.upper(): np.ascontiguousarray(np.moveaxis(x, -1, 1)) for name, x in feeds.items()}


def operands(b):
    return [b("Transpose", name, perm=[0, 2, 3, 1]) for name in "XOM"]


def test_trt_dcnv3(tmp_path):
    b = Builder()
    x, offset, logits = operands(b)
    sizes = {
        f"{k}_{axis}": n
        for k, n in (("kernel", 3), ("stride", 1), ("pad", 1), ("dilation", 1))
        for axis in "hw"
    }
    core = b(
        "TRTDCNv3",
        x,
        offset,
        mask_of(b, logits),
        domain="mmdeploy",
        group=G,
        offset_scale=1.5,
        **sizes,
    )
    weight, bias = b.normal(C, 6), b.normal(6)
    model = core_model(b, b("Add", b("MatMul", core, weight), bias), ["mmdeploy"])
    feeds = core_feeds(b)
    want = core_want(feeds, offset_scale=1.5) @ weight + bias
    converted = agree(model, turned(feeds), tmp_path, {"y": want})
    assert converted.layers == ["dcnv3"]
    assert "projection = 6" in converted.text and "modulation" not in converted.text


def grid_samples(b, scale=1.0, dilation=1):
    """The core as InternImage computes it where there is no CUDA."""
    x, offset, logits = operands(b)
    mask = mask_of(b, logits)
    border = np.array([0, 1, 1, 0, 0, 1, 1, 0])
    padded = b("Pad", x, border)
    rows, columns = np.meshgrid(np.arange(H), np.arange(W), indexing="ij")
    centre = np.stack([columns, rows], -1).reshape(1, H * W, 1, 2) + 1.0
    taps = np.array([[i - 1, j - 1] for i in range(3) for j in range(3)]) * dilation * scale
    size = np.array([W + 2, H + 2])
    fixed = ((centre + np.tile(taps, (G, 1)) + 0.5) / size).reshape(1, H, W, G * 18)
    moved = b("Div", b("Mul", offset, F(scale)), np.tile(size, G * 9).astype(F))
    grid = b("Sub", b("Mul", F(2), b("Add", fixed.astype(F), moved)), F(1))
    grid = b("Transpose", b("Reshape", grid, np.array([N, H * W, G, 18])), perm=[0, 2, 1, 3])
    grid = b("Reshape", grid, np.array([N * G, H * W, 9, 2]))
    maps = b("Transpose", b("Reshape", padded, np.array([N, (H + 2) * (W + 2), C])), perm=[0, 2, 1])
    maps = b("Reshape", maps, np.array([N * G, C // G, H + 2, W + 2]))
    seen = b("GridSample", maps, grid, mode="linear", padding_mode="zeros", align_corners=0)
    mask = b("Transpose", b("Reshape", mask, np.array([N, H * W, G, 9])), perm=[0, 2, 1, 3])
    mask = b("Reshape", mask, np.array([N * G, 1, H * W, 9]))
    total = b("ReduceSum", b("Mul", seen, mask), np.array([-1]), keepdims=0)
    y = b("Transpose", b("Reshape", total, np.array([N, C, H * W])), perm=[0, 2, 1])
    return b("Reshape", y, np.array([N, H, W, C]))


@pytest.mark.parametrize(("scale", "dilation"), [(1.0, 1), (2.0, 1), (1.0, 2)])
def test_grid_samples(scale, dilation, tmp_path):
    b = Builder()
    model = core_model(b, grid_samples(b, scale, dilation), [])
    model.opset_import[0].version = 20
    assert agree(model, turned(core_feeds(b)), tmp_path).layers == ["dcnv3"]


def test_grid_samples_that_are_something_else(tmp_path):
    b = Builder()
    model = core_model(b, grid_samples(b), [])
    for node in model.graph.node:
        if node.op_type == "GridSample":
            next(a for a in node.attribute if a.name == "mode").s = b"nearest"
    with pytest.raises(dcngen.Error, match="GridSample"):
        Converted(model, tmp_path)


# ---- regions -------------------------------------------------------------------------------------


def regions(b, images=1, count=6):
    corner = b.rng.uniform(0, 40, (count, 2))
    box = np.column_stack([corner, corner + b.rng.uniform(4, 60, (count, 2))])
    return np.column_stack([b.rng.integers(0, images, count), box]).astype(F)


def test_max_roi_pool(tmp_path):
    b = Builder()
    y = b("MaxRoiPool", "x", "r", pooled_shape=[3, 2], spatial_scale=0.25)
    model = b.model({"x": (F, (2, 4, 20, 24)), "r": (F, (6, 5))}, [y])
    assert agree(model, {"x": b.normal(2, 4, 20, 24), "r": regions(b, 2)}, tmp_path).layers == [
        "roi_pool"
    ]


@pytest.mark.parametrize("mode", ["half_pixel", "output_half_pixel"])
def test_roi_align(mode, tmp_path):
    """As PyTorch exports it: the image's index is the first column."""
    b = Builder()
    image = b("Cast", b("Gather", "r", np.int64(0), axis=1), to=7)
    boxes = b("Slice", "r", np.array([1]), np.array([5]), np.array([1]))
    y = b("RoiAlign", "x", boxes, image, output_height=3, output_width=2, spatial_scale=0.25,
          sampling_ratio=2, coordinate_transformation_mode=mode)  # fmt: skip
    model = b.model({"x": (F, (2, 4, 20, 24)), "r": (F, (6, 5))}, [y])
    assert agree(model, {"x": b.normal(2, 4, 20, 24), "r": regions(b, 2)}, tmp_path).layers == [
        "roi_align"
    ]


def test_roi_align_of_one_image(tmp_path):
    b = Builder()
    y = b(
        "RoiAlign",
        "x",
        "r",
        "i",
        output_height=2,
        output_width=2,
        spatial_scale=0.25,
        sampling_ratio=2,
    )
    model = b.model({"x": (F, (1, 4, 20, 24)), "r": (F, (6, 4)), "i": (np.int64, (6,))}, [y])
    feeds = {"x": b.normal(1, 4, 20, 24), "r": regions(b)[:, 1:].copy(), "i": np.zeros(6, np.int64)}
    assert agree(model, feeds, tmp_path).layers == ["roi_align"]


def test_operators_of_the_language(tmp_path):
    b = Builder()
    keys = {
        "pooled_size": 3,
        "group_size": 3,
        "output_dim": 2,
        "spatial_scale": 0.25,
        "trans_std": 0.1,
    }
    y = b("deform_ps_roi_pool", "x", "r", "t", domain="dcngen", **keys)
    shapes = {"x": (1, 18, 20, 24), "r": (6, 5), "t": (6, 2, 3, 3)}
    model = b.model({name: (F, shape) for name, shape in shapes.items()}, [y], domains=["dcngen"])
    feeds = {"x": b.normal(1, 18, 20, 24), "r": regions(b), "t": b.normal(6, 2, 3, 3)}
    alone = dcngen.load(
        "return deform_ps_roi_pool { channels = 18, height = 20, width = 24, rois = 6, pooled_size = 3,"
        " group_size = 3, output_dim = 2, spatial_scale = 0.25, trans_std = 0.1 }"
    )
    want = alone(input=feeds["x"], rois=feeds["r"], trans=feeds["t"])
    agree(model, feeds, tmp_path, {"y": want})
