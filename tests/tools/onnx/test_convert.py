"""Each kind of node becomes the layer that computes the same.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import pytest
from networks import Builder, agree

SIZE = (1, 4, 9, 11)
F = np.float32


def spelled_gelu(b, x):
    part = b("Add", b("Erf", b("Div", x, F(2**0.5))), F(1))
    return b("Mul", b("Mul", x, part), F(0.5))


def spelled_norm(b, x, axis, *affine):
    mean = b("ReduceMean", x, np.array([axis]))
    centred = b("Sub", x, mean)
    variance = b("ReduceMean", b("Pow", centred, F(2)), np.array([axis]))
    y = b("Div", centred, b("Sqrt", b("Add", variance, F(1e-5))))
    for op, array in zip(("Mul", "Add"), affine, strict=False):
        y = b(op, y, array)
    return y


def last(b, x):
    return b("Transpose", x, perm=[0, 2, 3, 1])


def first(b, x):
    return b("Transpose", x, perm=[0, 3, 1, 2])


def batch_norm(b, x, channels):
    scale, shift, mean = (b.normal(channels) for _ in range(3))
    return b("BatchNormalization", x, scale, shift, mean, b.rng.random(channels).astype(F) + F(0.5))


def rows(b, x, channels, out):
    """nn.Linear."""
    return b("Add", b.normal(out), b("MatMul", x, b.normal(channels, out)))


def squeeze_and_excite(b, x):
    gate = b("Sigmoid", b.conv(b("GlobalAveragePool", x), 4, 4, 1))
    return b("Mul", gate, x)


def flatten_and_product(b, x):
    return b("Gemm", b("Flatten", x), b.normal(5, 4 * 9 * 11) * F(0.1), b.normal(5), transB=1)


def flatten_last_and_product(b, x):
    flat = b("Reshape", last(b, x), np.array([0, -1]))
    return b("Gemm", flat, b.normal(4 * 9 * 11, 5) * F(0.1), b.normal(1, 5), alpha=0.5, beta=2.0)


def reshaped_by_shape(b, x):
    """x.view(x.shape[0], x.shape[1], -1), transposed, multiplied, and back, as ViTs do."""
    shape = b("Shape", x)
    sizes = [b("Gather", shape, np.array([i])) for i in range(4)]
    tokens = b(
        "Transpose",
        b("Reshape", x, b("Concat", *sizes[:2], np.array([-1]), axis=0)),
        perm=[0, 2, 1],
    )
    y = b("Transpose", rows(b, tokens, 4, 4), perm=[0, 2, 1])
    return b("Reshape", y, b("Concat", *sizes, axis=0))


def tokens_mean(b, x):
    tokens = b("Transpose", b("Reshape", x, np.array([0, 4, -1])), perm=[0, 2, 1])
    return b("Gemm", b("ReduceMean", tokens, np.array([1]), keepdims=0), b.normal(4, 3))


def residual(b, x):
    return b("Relu", b("Add", x, batch_norm(b, b.conv(x, 4, 4), 4)))


def layer_scale(b, x):
    y = b("Mul", b.normal(4), rows(b, spelled_gelu(b, rows(b, last(b, x), 4, 8)), 8, 4))
    return first(b, b("Add", last(b, x), y))


# A model of one input x by name: what it computes, and the layers that it becomes.
MODELS = {
    "conv": (lambda b, x: b.conv(x, 4, 6), ["conv2d"]),
    "conv, all": (
        lambda b, x: b.conv(x, 2, 6, bias=False, group=2, pads=[0, 1, 2, 3], strides=[2, 1], dilations=[1, 2]),
        ["conv2d"],
    ),
    "conv same upper": (
        lambda b, x: b("Conv", x, b.normal(6, 4, 3, 4), auto_pad="SAME_UPPER", strides=[2, 3]),
        ["conv2d"],
    ),
    "conv same lower": (
        lambda b, x: b("Conv", x, b.normal(6, 4, 2, 4), auto_pad="SAME_LOWER", strides=[1, 2]),
        ["conv2d"],
    ),
    "pad and conv": (
        lambda b, x: b.conv(b("Pad", x, np.array([0, 0, 0, 1, 0, 0, 2, 1])), 4, 3),
        ["conv2d"],
    ),
    "conv, norm, relu": (lambda b, x: b("Relu", batch_norm(b, b.conv(x, 4, 6), 6)), ["conv2d"]),
    "batch norm": (lambda b, x: batch_norm(b, x, 4), ["conv2d"]),
    "residual": (residual, ["conv2d"]),
    "layer scale": (layer_scale, ["linear", "linear"]),
    "per channel": (lambda b, x: b("Mul", x, b.normal(4, 1, 1)), ["mul"]),
    "numbers": (lambda b, x: b("Div", b("Mul", F(3), b("Neg", x)), F(2)), ["mul"]),
    "affine": (lambda b, x: b("Sub", F(1), b("Mul", x, b.normal(1, 4, 1, 1))), ["conv2d"]),
    "difference": (
        lambda b, x: b("Sub", x, b("GlobalAveragePool", x)),
        ["add", "avg_pool2d", "mul"],
    ),
    "sum of three": (lambda b, x: b("Sum", x, b("Relu", x), b("Tanh", x)), ["add", "activation", "add", "activation"]),
    "two sums": (lambda b, x: b("Add", b.conv(x, 4, 4), b.conv(x, 4, 4, 1)), ["conv2d", "conv2d"]),
    "leaky relu": (lambda b, x: b("LeakyRelu", x, alpha=0.1), ["activation"]),
    "relu6": (lambda b, x: b("Clip", x, F(0), F(6)), ["activation"]),
    "at least": (lambda b, x: b("Clip", x, F(-0.5)), ["activation"]),
    "hard swish": (lambda b, x: b("HardSwish", x), ["activation"]),
    "spelled hard swish": (
        lambda b, x: b("Div", b("Mul", x, b("Clip", b("Add", x, F(3)), F(0), F(6))), F(6)),
        ["activation"],
    ),
    "silu": (lambda b, x: b("Mul", x, b("Sigmoid", x)), ["activation"]),
    "gelu": (spelled_gelu, ["activation"]),
    "sigmoid": (lambda b, x: b("Sigmoid", b.conv(x, 4, 2)), ["conv2d"]),
    "max pool": (
        lambda b, x: b("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]),
        ["max_pool2d"],
    ),
    "max pool, ceil": (
        lambda b, x: b("MaxPool", x, kernel_shape=[2, 3], strides=[2, 3], ceil_mode=1),
        ["max_pool2d"],
    ),
    "max pool, dilated": (
        lambda b, x: b("MaxPool", x, kernel_shape=[2, 2], dilations=[2, 3]),
        ["max_pool2d"],
    ),
    "average pool": (
        lambda b, x: b("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        ["avg_pool2d"],
    ),
    "average pool with padding": (
        lambda b, x: b("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        ["avg_pool2d"],
    ),
    "global": (
        lambda b, x: b("Concat", b("GlobalAveragePool", x), b("GlobalMaxPool", x), axis=1),
        ["concat", "avg_pool2d", "max_pool2d"],
    ),
    "mean": (lambda b, x: b("ReduceMean", x, np.array([2, 3]), keepdims=1), ["avg_pool2d"]),
    "head": (
        lambda b, x: b("Gemm", b("Flatten", b("GlobalAveragePool", x)), b.normal(4, 7), b.normal(7)),
        ["avg_pool2d", "linear"],
    ),
    "flatten and product": (flatten_and_product, ["conv2d"]),
    "flatten nhwc and product": (flatten_last_and_product, ["conv2d"]),
    "linear": (lambda b, x: rows(b, last(b, x), 4, 3), ["linear"]),
    "tokens": (reshaped_by_shape, ["linear"]),
    "mean of tokens": (tokens_mean, ["avg_pool2d", "linear"]),
    "layer norm": (
        lambda b, x: b("LayerNormalization", last(b, x), b.normal(4), b.normal(4), epsilon=1e-3),
        ["layer_norm"],
    ),
    "spelled layer norm": (
        lambda b, x: spelled_norm(b, last(b, x), -1, b.normal(4), b.normal(4)),
        ["layer_norm"],
    ),
    "layer norm of nchw": (
        lambda b, x: spelled_norm(b, x, 1, b.normal(1, 4, 1, 1), b.normal(1, 4, 1, 1)),
        ["layer_norm"],
    ),
    "squeeze and excite": (squeeze_and_excite, ["avg_pool2d", "conv2d", "mul"]),
    "attention per pixel": (
        lambda b, x: b("Mul", x, b("Sigmoid", b.conv(x, 4, 1, 1))),
        ["conv2d", "mul"],
    ),
    "slice": (
        lambda b, x: b("Slice", x, np.array([1]), np.array([3]), np.array([1])),
        ["slice"],
    ),
    "backwards": (
        lambda b, x: b("Slice", x, np.array([-1]), np.array([-(2**63)]), np.array([1]), np.array([-1])),
        ["concat", "slice", "slice", "slice", "slice"],
    ),
    "gather": (lambda b, x: b("Gather", x, np.array([3, 0, 1]), axis=1), ["concat", "slice", "slice"]),
    "chunks in another order": (
        lambda b, x: b("Concat", *b("Split", x, outputs=2, axis=1, num_outputs=2)[::-1], axis=1),
        ["concat", "slice", "slice"],
    ),
    "chunks in the same order": (
        lambda b, x: b("Relu", b("Concat", *b("Split", x, outputs=2, axis=1, num_outputs=2), axis=1)),
        ["activation"],
    ),
    "repeated": (lambda b, x: b("Tile", x, np.array([1, 72, 1, 1])), ["concat", "concat"]),
    "one pixel everywhere": (
        lambda b, x: b("Add", x, b("Expand", b("GlobalAveragePool", x), np.array([1, 4, 9, 11]))),
        ["avg_pool2d", "add", "resize"],
    ),
    "nearest": (
        lambda b, x: b("Resize", x, "", np.array([1, 1, 2, 3], F), mode="nearest"),
        ["resize"],
    ),
    "nearest of PyTorch": (
        lambda b, x: b(
            "Resize", x, "", "", np.array([1, 4, 12, 7]), mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        ),
        ["resize"],
    ),
    "bilinear": (
        lambda b, x: b(
            "Resize", x, "", "", np.array([1, 4, 13, 24]), mode="linear",
            coordinate_transformation_mode="pytorch_half_pixel",
        ),
        ["resize"],
    ),
    "corners": (
        lambda b, x: b(
            "Resize", x, "", "", np.array([1, 4, 13, 24]), mode="linear",
            coordinate_transformation_mode="align_corners",
        ),
        ["resize"],
    ),
    "axes that come and go": (
        lambda b, x: b("Squeeze", b("Relu", b("Unsqueeze", x, np.array([0, 3]))), np.array([0, 3])),
        ["activation"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_it_computes_the_same(name, tmp_path):
    make, layers = MODELS[name]
    b = Builder()
    model = b.model({"x": (np.float32, SIZE)}, [make(b, "x")])
    before = model.SerializeToString()
    converted = agree(model, {"x": b.normal(*SIZE)}, tmp_path)
    assert sorted(converted.layers) == sorted(layers)
    assert model.SerializeToString() == before


def test_double_precision(tmp_path):
    b = Builder()
    b.dtype = np.float64
    y = b("Relu", rows(b, last(b, "x"), 4, 3))
    agree(b.model({"x": (np.float64, SIZE)}, [y]), {"x": b.normal(*SIZE)}, tmp_path)


def test_older_operators(tmp_path):
    """Attributes that became operands later."""
    b = Builder()
    x = b("Upsample", "x", np.array([1, 1, 2, 2], F), mode="nearest")
    x = b("Pad", x, pads=[0, 0, 1, 1, 0, 0, 1, 1])
    parts = b("Split", b.conv(x, 4, 6, pads=[0] * 4), outputs=2, axis=1, split=[2, 4])
    x = b("Clip", b("Slice", parts[1], axes=[1], starts=[1], ends=[3]), min=0.0, max=6.0)
    x = b("Unsqueeze", b("Squeeze", b("ReduceMean", x, axes=[2, 3]), axes=[2, 3]), axes=[2])
    model = b.model({"x": (np.float32, SIZE)}, [b("Flatten", x)], opset=9)
    agree(model, {"x": b.normal(*SIZE)}, tmp_path)


def test_gelu_is_the_exact_one(tmp_path):
    b = Builder()
    model = b.model({"x": (np.float32, SIZE)}, [b("Gelu", "x")], opset=20)
    assert agree(model, {"x": b.normal(*SIZE)}, tmp_path).layers == ["activation"]


def test_inputs_whose_channels_come_last(tmp_path):
    b = Builder()
    y = last(b, b.conv(first(b, "x"), 4, 3))
    converted = agree(
        b.model({"x": (np.float32, (2, 9, 11, 4))}, [y]), {"x": b.normal(2, 9, 11, 4)}, tmp_path
    )
    assert converted.text.count('layout = "nhwc"') == 2


def test_several_inputs_and_outputs(tmp_path):
    b = Builder()
    sum_of_both = b("Add", "x", "y")
    outputs = [b("Relu", sum_of_both), b.conv(sum_of_both, 4, 2)]
    inputs = dict.fromkeys(("x", "y"), (np.float32, SIZE))
    agree(b.model(inputs, outputs), {name: b.normal(*SIZE) for name in inputs}, tmp_path)


def test_results_that_others_read_stay(tmp_path):
    """What stands between two layers is no part of one if it is also an output, or read twice."""
    b = Builder()
    y = b.conv("x", 4, 4)
    z = batch_norm(b, y, 4)
    model = b.model({"x": (np.float32, SIZE)}, [y, b("Add", b("Relu", z), z)])
    agree(model, {"x": b.normal(*SIZE)}, tmp_path)
