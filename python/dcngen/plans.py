"""Which kernel serves a call, and what shape its result has: from shapes and attributes alone.

Plans are remembered, so that a repeated call costs one look-up. All shapes are checked here, with messages that say
what was expected; kernels then run on bare addresses.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from . import cache
from .arguments import Pair, pair, real
from .error import wrong
from .kernel import Sizes
from .plan import Plan, Shape
from .specs import Value

REMEMBERED = 2048


def expect(name: str, shape: Shape, expected: Shape) -> None:
    """An error, unless shapes agree."""
    if shape != expected:
        wrong(f"{name} has shape {tuple(shape)}, expected {expected}")


def _rank4(name: str, shape: Shape) -> None:
    if len(shape) != 4:
        wrong(f"{name} has {len(shape)} dimensions, expected 4")


def _map(layout: str, n: int, c: int, h: int, w: int) -> Shape:
    return (n, c, h, w) if layout == "nchw" else (n, h, w, c)


def _split(layout: str, shape: Shape) -> tuple[int, int, int, int]:
    """N, C, H, W."""
    n, a, b, c = shape
    return (n, a, b, c) if layout == "nchw" else (n, c, a, b)


def out_size(size: int, kernel: int, stride: int, pads: int, dilation: int) -> int:
    """Pixels along an axis of the output; ``pads`` are those of both sides."""
    return (size + pads - (dilation * (kernel - 1) + 1)) // stride + 1


class Convolution(NamedTuple):
    """Attributes of a deformable convolution. ``padding`` is top, left, bottom, right; ``stated`` are groups of the weight and of the
    offset where the caller says what the shapes also do."""

    stride: Pair = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    layout: str = "nchw"
    modulation: str | None = None  # None: "mask" if there is one
    activation: str = "none"
    gradient_border: str = "torchvision"
    scale_shift: bool = False
    stated: Pair | None = None


_CONV_NAMES = (
    "dtype",
    "in_channels",
    "out_channels",
    "kernel_size",
    "groups",
    "offset_groups",
    "modulation",
    "bias",
    "stride",
    "padding",
    "dilation",
    "layout",
    "activation",
    "gradient",
    "gradient_border",
    "scale_shift",
)


def _check_attributes(a: Convolution | Aggregation) -> None:
    for name, values, least in (
        ("stride", a.stride, 1),
        ("padding", a.padding, 0),
        ("dilation", a.dilation, 1),
    ):
        if min(values) < least:
            wrong(f"{name} = {values}, expected {least} or more")


def check_map(shape: Shape, n: int, h: int, w: int) -> None:
    """A map without pixels is in no batch, unless that has no images."""
    if n and not (h and w):
        wrong(f"input has shape {tuple(shape)}: the map is empty")


@lru_cache(REMEMBERED)
def deform_conv2d(
    dtype: str,
    input: Shape,
    weight: Shape,
    offset: Shape,
    mask: Shape | None,
    bias: Shape | None,
    a: Convolution,
    threads: int,
    gradient: tuple[str, ...] | None = None,
) -> Plan:
    """The plan of a deformable convolution, or of its gradients by the operands named."""
    for name, shape in (("input", input), ("weight", weight), ("offset", offset)):
        _rank4(name, shape)
    _check_attributes(a)
    n, c, h, w = _split(a.layout, input)
    check_map(input, n, h, w)
    o, c_group, kh, kw = weight
    taps = kh * kw
    if min(weight) < 1:
        wrong(f"weight has shape {tuple(weight)}, expected no 0")
    if c < 1 or c % c_group or o % (c // c_group):
        wrong(
            f"input has {c} channels and weight {tuple(weight)}: groups must divide both channels"
        )
    top, left, bottom, right = a.padding
    p = out_size(h, kh, a.stride[0], top + bottom, a.dilation[0])
    q = out_size(w, kw, a.stride[1], left + right, a.dilation[1])
    if p < 1 or q < 1:
        wrong(f"the output would have {p} x {q} pixels: the kernel does not fit into the input")
    offset_channels = _split(a.layout, offset)[1]
    groups = offset_channels // (2 * taps)
    if offset_channels < 1 or offset_channels % (2 * taps) or c % groups:
        wrong(
            f"offset has {offset_channels} channels, expected {2 * taps} for each offset group, "
            f"of which there are as many as divide the {c} channels of input"
        )
    if a.stated not in (None, (c // c_group, groups)):
        wrong(
            f"groups and offset groups are stated as {a.stated}, those of the shapes are {(c // c_group, groups)}"
        )
    expect("offset", offset, _map(a.layout, n, offset_channels, p, q))
    if mask is not None:
        expect("mask", mask, _map(a.layout, n, groups * taps, p, q))
    if bias is not None:
        expect("bias", bias, (o,))
    shape = _map(a.layout, n, o, p, q)
    if n == 0:
        return Plan(None, (0, h, w, 0), shape)
    modulation = a.modulation or ("none" if mask is None else "mask")
    values: tuple[Value, ...] = (
        dtype,
        c,
        o,
        (kh, kw),
        c // c_group,
        groups,
        modulation,
        bias is not None,
        a.stride,
        a.padding,
        a.dilation,
        a.layout,
        a.activation,
        gradient,
        a.gradient_border,
        a.scale_shift or None,
    )
    sizes = (n, h, w, 0)
    return Plan(
        cache.family("deform_conv2d", _CONV_NAMES, values).kernel(sizes, threads), sizes, shape
    )


class Aggregation(NamedTuple):
    """Attributes of the cores of DCNv3 and DCNv4. ``padding`` is of both sides of an axis."""

    groups: int
    kernel_size: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Pair = (1, 1)
    dilation: Pair = (1, 1)
    offset_scale: float = 1.0
    remove_center: bool = False
    modulation: str = "mask"

    def points(self) -> int:
        """Taps of a pixel and group, the centre left out or not."""
        return self.kernel_size[0] * self.kernel_size[1] - bool(self.remove_center)


_AGGREGATION_NAMES = (
    "dtype",
    "channels",
    "groups",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "offset_scale",
    "remove_center",
    "modulation",
    "gradient",
)


@lru_cache(REMEMBERED)
def aggregate(
    op: str,
    dtype: str,
    input: Shape,
    offset: Shape,
    mask: Shape | None,
    a: Aggregation,
    threads: int,
    gradient: tuple[str, ...] | None = None,
) -> Plan:
    """The plan of dcnv3, or of dcnv4, whose ``offset`` is its ``offset_mask`` and which has no ``mask``."""
    _rank4("input", input)
    n, h, w, c = input
    check_map(input, n, h, w)
    _check_attributes(a)
    if min(a.kernel_size) < 1:
        wrong(f"kernel_size = {a.kernel_size}, expected 1 or more")
    if a.groups < 1 or c < 1 or c % a.groups:
        wrong(f"groups = {a.groups} does not divide the {c} channels of input")
    p, q = (
        out_size(size, k, s, 2 * pad, d)
        for size, k, s, pad, d in zip(
            (h, w), a.kernel_size, a.stride, a.padding, a.dilation, strict=True
        )
    )
    if p < 1 or q < 1:
        wrong(f"the output would have {p} x {q} pixels: the kernel does not fit into the input")
    points = a.groups * a.points()
    if op == "dcnv3":
        expect("offset", offset, (n, p, q, 2 * points))
        expect("mask", mask or (), (n, p, q, points))
    else:
        expect("offset_mask", offset, (n, p, q, math.ceil(3 * points / 8) * 8))
    shape = (n, p, q, c)
    if n == 0:
        return Plan(None, (0, h, w, 0), shape)
    values: tuple[Value, ...] = (
        dtype,
        c,
        a.groups,
        a.kernel_size,
        a.stride,
        a.padding,
        a.dilation,
        real(a.offset_scale, "offset_scale"),
        bool(a.remove_center),
        a.modulation,
        gradient,
    )
    sizes = (n, h, w, 0)
    return Plan(cache.family(op, _AGGREGATION_NAMES, values).kernel(sizes, threads), sizes, shape)


class Pooling(NamedTuple):
    """Attributes of an operator that pools regions; those that it has not are None."""

    output_size: Pair
    spatial_scale: float = 1.0
    sampling_ratio: int | None = None
    aligned: bool | None = None
    gamma: float | None = None
    layout: str = "nchw"


_POOLING_NAMES = (
    "dtype",
    "channels",
    "output_dim",
    "output_size",
    "spatial_scale",
    "sampling_ratio",
    "aligned",
    "gamma",
    "no_offset",
    "modulation",
    "mode",
    "variant",
    "layout",
    "gradient",
)
_POSITION_SENSITIVE = ("ps_roi_align", "ps_roi_pool")


@lru_cache(REMEMBERED)
def pool(
    op: str,
    dtype: str,
    input: Shape,
    rois: Shape,
    offset: Shape | None,
    mask: Shape | None,
    a: Pooling,
    threads: int,
    gradient: tuple[str, ...] | None = None,
) -> Plan:
    """The plan of roi_align, roi_pool (its maximum), ps_roi_align, ps_roi_pool or deform_roi_pool."""
    _rank4("input", input)
    n, c, h, w = _split(a.layout, input)
    ph, pw = a.output_size
    if len(rois) != 2 or rois[1] != 5:
        wrong(f"boxes have shape {tuple(rois)}, expected (number of regions, 5)")
    if ph < 1 or pw < 1:
        wrong(f"output_size = {a.output_size}, expected 1 or more")
    sensitive = op in _POSITION_SENSITIVE
    if sensitive and c % (ph * pw):
        wrong(f"input has {c} channels, expected a multiple of {ph} x {pw} bins")
    channels = c // (ph * pw) if sensitive else c
    if offset is not None:
        expect("offset", offset, _map(a.layout, rois[0], 2, ph, pw))
    if mask is not None:
        expect("mask", mask, _map(a.layout, rois[0], 1, ph, pw))
    shape = _map(a.layout, rois[0], channels, ph, pw)
    if 0 in shape or 0 in input:
        return Plan(None, (n, h, w, rois[0]), shape)
    deforms = op == "deform_roi_pool"
    ratio = None if a.sampling_ratio is None else max(a.sampling_ratio, 0)
    values: tuple[Value, ...] = (
        dtype,
        c,
        channels if sensitive else None,
        a.output_size,
        real(a.spatial_scale, "spatial_scale"),
        ratio,
        a.aligned,
        a.gamma,
        True if deforms and offset is None else None,
        "mask" if mask is not None else None,
        "max" if op == "roi_pool" else None,
        "torchvision" if op in ("roi_pool", "ps_roi_pool") else None,
        a.layout,
        gradient,
    )
    sizes = (n, h, w, rois[0])
    return Plan(cache.family(op, _POOLING_NAMES, values).kernel(sizes, threads), sizes, shape)


@lru_cache(REMEMBERED)
def layer(
    op: str, names: tuple[str, ...], values: tuple[Value, ...], sizes: Sizes, threads: int
) -> Plan:
    """The plan of a whole layer of a network, with its own weights; the names are always the same of one operator."""
    kernel = cache.family(op, names, values).kernel(sizes, threads)
    return Plan(kernel, sizes, kernel.shapes(sizes)[kernel.names.index("output")])


def clear() -> None:
    """Forget all plans and kernels."""
    for remembered in (deform_conv2d, aggregate, pool, layer):
        remembered.cache_clear()
    cache.clear()


__all__ = [
    "Aggregation",
    "Convolution",
    "Pair",
    "Plan",
    "Pooling",
    "Shape",
    "aggregate",
    "clear",
    "deform_conv2d",
    "expect",
    "layer",
    "pair",
    "pool",
]
