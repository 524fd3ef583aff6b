"""Convolutions, products with weights, pools, norms and resizing.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .network import Array, Key, Shape
from .nodes import Node, Operand, refuse
from .resizing import resize, upsample
from .views import View, whole

Pair = tuple[int, int]


class Window(NamedTuple):
    """Where a kernel stands: padding is top, left, bottom, right."""

    kernel: Pair
    stride: Pair
    padding: tuple[int, int, int, int]
    dilation: Pair

    def out(self, shape: Shape, channels: int, ceil: bool = False) -> Shape:
        """The map that it makes of one, as the language counts."""
        sizes = []
        for i in range(2):
            before, after = self.padding[i], self.padding[i + 2]
            span = shape[1 + i] + before + after - self.dilation[i] * (self.kernel[i] - 1) - 1
            if span < 0:
                refuse(f"a kernel of {self.kernel} does not fit into {shape[1]}x{shape[2]} pixels")
            n = (span + (self.stride[i] - 1 if ceil else 0)) // self.stride[i] + 1
            if ceil and (n - 1) * self.stride[i] >= shape[1 + i] + before:
                n -= 1  # no window begins in what is padded behind
            sizes.append(n)
        return (shape[0], sizes[0], sizes[1], channels)

    def keys(self) -> dict[str, Key]:
        """As the language calls them."""
        sizes = {"kernel_size": self.kernel, "stride": self.stride}
        return {**sizes, "padding": self.padding, "dilation": self.dilation}


def _same(
    n: Node, shape: Shape, kernel: Pair, stride: Pair, dilation: Pair, upper: bool
) -> list[int]:
    begin, end = [], []
    for i in range(2):
        total = (-(-shape[1 + i] // stride[i]) - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1
        total = max(total - shape[1 + i], 0)
        less, more = total // 2, total - total // 2
        begin.append(less if upper else more)
        end.append(more if upper else less)
    return begin + end


def window(n: Node, shape: Shape, kernel: Sequence[int] | None = None) -> Window:
    """From a node's attributes."""
    size = n.integers("kernel_shape", tuple(kernel) if kernel else (0, 0))
    if kernel is not None and size != tuple(kernel):
        refuse(f"kernel_shape is {size}, that of the weight {tuple(kernel)}")
    stride, dilation = n.integers("strides", (1, 1)), n.integers("dilations", (1, 1))
    auto = n.text("auto_pad", "NOTSET")
    if min(*size, *stride, *dilation) < 1:
        refuse("a size of its window is below 1")
    pads: Sequence[int] = n.integers("pads", (0, 0, 0, 0))
    pairs = [(a[0], a[1]) for a in (size, stride, dilation)]
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = _same(n, shape, pairs[0], pairs[1], pairs[2], auto == "SAME_UPPER")
    elif auto == "VALID":
        pads = (0, 0, 0, 0)
    if min(pads) < 0:
        refuse("pads are negative")
    return Window(pairs[0], pairs[1], (pads[0], pads[1], pads[2], pads[3]), pairs[2])


def _bias(n: Node, i: int, channels: int) -> dict[str, Array]:
    """A bias that is not there, or zero, is none."""
    if not n.given(i):
        return {}
    bias = n.weight(i, 1)
    if bias.shape != (channels,):
        refuse(f"its bias has shape {list(bias.shape)}, expected [{channels}]")
    return {"bias": bias} if bias.any() else {}


def _groups(n: Node, weight: Array, channels: int) -> int:
    groups = n.integer("group", 1)
    out, per_group = weight.shape[:2]
    if groups < 1 or per_group * groups != channels or out % groups:
        refuse(
            f"weight {list(weight.shape)} in {groups} groups does not fit a map of {channels} channels"
        )
    return groups


def conv(n: Node) -> list[Operand]:
    """A plain convolution."""
    x, weight = n.map(0), n.weight(1, 4)
    w = window(n, x.shape, weight.shape[2:])
    keys: dict[str, Key] = {"out_channels": weight.shape[0], **w.keys()}
    keys["groups"] = _groups(n, weight, x.shape[3])
    params = {"weight": weight, **_bias(n, 2, weight.shape[0])}
    out = n.layer("conv2d", [x], w.out(x.shape, weight.shape[0]), keys, params)
    return [View.of(out, "nchw")]


def _offset_groups(n: Node, channels: int, taps: int) -> int:
    """Where a model says 1, or nothing, and has more, it is an exporter that forgot them."""
    groups = n.integer("offset_group", 1)
    found, rest = divmod(channels, 2 * taps)
    if rest or not found or groups not in (1, found):
        refuse(
            f"its offset has {channels} channels, not 2 for each of {taps} taps and {groups} groups"
        )
    return found


def deform_conv(n: Node) -> list[Operand]:
    """DCNv1 or, with a mask, DCNv2."""
    x, weight, offset = n.map(0), n.weight(1, 4), n.map(2)
    w = window(n, x.shape, weight.shape[2:])
    out = w.out(x.shape, weight.shape[0])
    taps = w.kernel[0] * w.kernel[1]
    offset_groups = _offset_groups(n, offset.shape[3], taps)
    operands = {"offset": offset}
    if n.given(4):
        operands["mask"] = n.map(4)
    for name, value in operands.items():
        channels = offset_groups * taps * (2 if name == "offset" else 1)
        if value.shape != (*out[:3], channels):
            refuse(f"its {name} has n, h, w, c of {value.shape}, expected {(*out[:3], channels)}")
    keys: dict[str, Key] = {"out_channels": weight.shape[0], **w.keys()}
    keys |= {"groups": _groups(n, weight, x.shape[3]), "offset_groups": offset_groups}
    keys["modulation"] = "mask" if n.given(4) else "none"
    params = {"weight": weight, **_bias(n, 3, weight.shape[0])}
    return [View.of(n.layer("deform_conv2d", [x], out, keys, params, operands), "nchw")]


# ---- products ------------------------------------------------------------------------------------


def _whole_map(n: Node, view: View, weight: Array, params: dict[str, Array]) -> Operand:
    """A product with all pixels of a map at once is a convolution as large as the map."""
    value = view.value
    _, h, w, c = value.shape
    matrix = len(view.dims) == 2 and view.dims[0] == whole(value.shape, 0)
    order = next(
        (o for o in ("nchw", "nhwc") if view.dims == View.of(value, o).reshaped(view.shape).dims),
        "",
    )
    if not matrix or not order:
        refuse(f"operand 0, of {list(view.shape)}, ends neither in channels nor in whole maps")
    shaped = (
        weight.reshape(-1, c, h, w)
        if order == "nchw"
        else weight.reshape(-1, h, w, c).transpose(0, 3, 1, 2)
    )
    keys: dict[str, Key] = {"out_channels": weight.shape[0], "kernel_size": (h, w)}
    out = n.layer(
        "conv2d",
        [value],
        (value.shape[0], 1, 1, weight.shape[0]),
        keys,
        {"weight": shaped, **params},
    )
    return View.of(out, "nc")


def linear(n: Node, view: View, weight: Array, params: dict[str, Array]) -> Operand:
    """The product of a tensor's last axis with a weight [out, in]."""
    if view.shape[-1:] != weight.shape[1:]:
        refuse(f"a weight of {list(weight.shape)} does not fit a tensor of {list(view.shape)}")
    if not view.is_last("c"):
        return _whole_map(n, view, weight, params)
    shape = (*view.value.shape[:3], weight.shape[0])
    keys: dict[str, Key] = {"out_features": weight.shape[0]}
    out = n.layer("linear", [view.value], shape, keys, {"weight": weight, **params})
    return View(out, [*view.dims[:-1], whole(shape, 3)])


def matmul(n: Node) -> list[Operand]:
    """With a constant on the right."""
    return [linear(n, n.view(0), np.ascontiguousarray(n.weight(1, 2).T), {})]


def gemm(n: Node) -> list[Operand]:
    """alpha * a * b + beta * c of a matrix of values and constants."""
    view, weight = n.view(0), n.weight(1, 2)
    if n.integer("transA", 0):
        view = view.transposed((1, 0))
    if not n.integer("transB", 0):
        weight = weight.T
    weight = np.ascontiguousarray(weight * weight.dtype.type(n.number("alpha", 1)))
    params: dict[str, Array] = {}
    if n.given(2):
        bias = n.constant(2).astype(weight.dtype) * weight.dtype.type(n.number("beta", 1))
        if bias.ndim > 2 or (bias.ndim == 2 and bias.shape[0] != 1):
            refuse(f"operand 2 has shape {list(bias.shape)}, expected one number per column")
        params["bias"] = np.broadcast_to(bias.reshape(-1), weight.shape[:1]).copy()
    return [linear(n, view, weight, params)]


# ---- pools ---------------------------------------------------------------------------------------


def _pool(n: Node, op: str, more: dict[str, Key]) -> list[Operand]:
    x, ceil = n.map(0), bool(n.integer("ceil_mode", 0))
    w = window(n, x.shape)
    keys: dict[str, Key] = {**w.keys(), **more}
    if ceil:
        keys["ceil_mode"] = True
    return [View.of(n.layer(op, [x], w.out(x.shape, x.shape[3], ceil), keys), "nchw")]


def max_pool(n: Node) -> list[Operand]:
    """The largest of a window."""
    return _pool(n, "max_pool2d", {})


def average_pool(n: Node) -> list[Operand]:
    """The mean of a window."""
    if n.integers("dilations", (1, 1)) != (1, 1):
        refuse("its window is dilated")
    padded = any(window(n, n.map(0).shape).padding)
    counts = bool(n.integer("count_include_pad", 0))
    result = _pool(n, "avg_pool2d", {"count_include_pad": counts} if padded else {})
    n.net.layers[-1].keys.pop("dilation")
    return result


def global_pool(op: str) -> Callable[[Node], list[Operand]]:
    """A pool over all pixels of a map."""

    def handler(n: Node) -> list[Operand]:
        x = n.map(0)
        size = (x.shape[1], x.shape[2])
        keys: dict[str, Key] = {"output_size": 1} if op == "avg_pool2d" else {"kernel_size": size}
        return [View.of(n.layer(op, [x], (x.shape[0], 1, 1, x.shape[3]), keys), "nchw")]

    return handler


def batch_norm(n: Node) -> list[Operand]:
    """With the statistics that the model holds: a factor and a summand per channel."""
    view = n.view(0)
    if n.integer("training_mode", 0) or (len(n.proto.output) > 1 and any(n.proto.output[1:])):
        refuse("it computes statistics of its input")
    if len(view.dims) < 2 or not view.channels(1):
        refuse("axis 1 of its input are not the channels")
    scale, shift, mean, variance = (n.weight(i, 1).astype(float) for i in range(1, 5))
    factor = scale / np.sqrt(variance + n.number("epsilon", 1e-5))
    return [view.like(n.affine(view.value, factor, shift - mean * factor))]


HANDLERS: dict[str, Callable[[Node], Sequence[Operand]]] = {
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Conv": conv,
    "DeformConv": deform_conv,
    "Gemm": gemm,
    "GlobalAveragePool": global_pool("avg_pool2d"),
    "GlobalMaxPool": global_pool("max_pool2d"),
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Resize": resize,
    "Upsample": upsample,
}
