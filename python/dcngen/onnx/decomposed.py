"""Finds deformable convolutions that an exporter took apart, and proves that they are.

The exporter ``deform_conv2d_onnx_exporter`` writes a deformable convolution as some fifty nodes: positions are a constant
plus the offset; four GatherND or GatherElements fetch the neighbours of all samples; their sum, laid out in patches, goes
through a Conv with strides as large as its kernel. Here only the outline is looked at; what tells is that both compute
the same of random operands.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..error import Error
from ..functions import deform_conv2d
from .evaluate import OPERATORS, Array, Evaluator
from .graph import Graph

Pair = tuple[int, int]
TOLERANCE = 1e-3


class Found(NamedTuple):
    """A deformable convolution: names of values, constants, attributes."""

    last: Any  # the node that makes the result
    input: str
    offset: str
    mask: str | None
    weight: str
    bias: Array | None
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int
    offset_groups: int
    size: tuple[int, int, int, int]  # of input


class _Leaves(NamedTuple):
    pad: Any
    base: Array  # positions without offset: [1, 1 or D, K, 2, P, Q]
    reshape: Any  # of the offset


def _patches(g: Graph, conv: Any) -> bool:
    """Whether it goes over patches that do not overlap."""
    a, weight = g.attributes(conv), g.constant(conv.input[1])
    return (
        weight is not None
        and weight.ndim == 4
        and a.get("strides") == list(weight.shape[2:])
        and not any(a.get("pads", []))
        and all(d == 1 for d in a.get("dilations", []))
    )


def _samples(g: Graph, columns: str) -> tuple[Any, str | None] | None:
    """The Sum of the neighbours, and the mask."""
    node = g.producer(columns, "Reshape")
    transpose = g.producer(node.input[0], "Transpose") if node else None
    if transpose is None or g.attributes(transpose).get("perm") != [0, 1, 4, 2, 5, 3]:
        return None
    node = g.producer(transpose.input[0], "Reshape")
    if node is None:
        return None
    total = g.producer(node.input[0], "Sum")
    if total is not None:
        return total, None
    product = g.producer(node.input[0], "Mul")
    if product is None:
        return None
    for one, other in ((0, 1), (1, 0)):
        total = g.producer(product.input[one], "Sum")
        mask = g.producer(product.input[other], "Reshape")
        if total is not None and mask is not None:
            return total, mask.input[0]
    return None


def _base(g: Graph, node: Any) -> tuple[Array, Any] | None:
    """The constant and the Reshape of the offset, if a node adds them."""
    if node.op_type != "Add":
        return None
    for one, other in ((0, 1), (1, 0)):
        base, reshape = g.constant(node.input[one]), g.producer(node.input[other], "Reshape")
        if base is not None and base.ndim == 6 and reshape is not None:
            return base, reshape
    return None


def _leaves(g: Graph, total: Any) -> _Leaves | None:
    """Where the way up from a Sum ends, if it goes over known operators only."""
    seen: set[str] = set()
    names, pads, bases = list(total.input), [], []
    while names:
        name = names.pop()
        if name in seen or g.constant(name) is not None:
            continue
        seen.add(name)
        node = g.producers.get(name)
        if node is None or node.op_type not in OPERATORS:
            return None
        base = _base(g, node)
        if base is not None:
            bases.append(base)
        elif node.op_type == "Pad":
            pads.append(node)
        else:
            names.extend(node.input)
    return _Leaves(pads[0], *bases[0]) if len(pads) == len(bases) == 1 else None


def _steps(base: Array, kernel: Pair) -> tuple[Pair, Pair, Pair] | None:
    """First position, stride and dilation, if positions are those of a convolution."""
    _, _, taps, two, p, q = base.shape
    if taps != kernel[0] * kernel[1] or two != 2:
        return None
    grid = base[0, 0].reshape(*kernel, 2, p, q).astype(float)
    start = int(grid[0, 0, 0, 0, 0]), int(grid[0, 0, 1, 0, 0])
    dilation = (
        int(grid[1, 0, 0, 0, 0]) - start[0] if kernel[0] > 1 else 1,
        int(grid[0, 1, 1, 0, 0]) - start[1] if kernel[1] > 1 else 1,
    )
    stride = (
        int(grid[0, 0, 0, 1, 0]) - start[0] if p > 1 else 1,
        int(grid[0, 0, 1, 0, 1]) - start[1] if q > 1 else 1,
    )
    return start, stride, dilation


def _shape(g: Graph, node: Any, rank: int) -> list[int] | None:
    """What a Reshape makes, if that is constant."""
    shape = g.constant(node.input[1])
    return None if shape is None or shape.size != rank or min(shape) < 1 else shape.tolist()


def _find_bias(g: Graph, conv: Any, channels: int) -> tuple[Any, Array | None]:
    """The last node and the bias, that of the Conv or of an Add behind it."""
    own = g.constant(conv.input[2]) if len(conv.input) > 2 and conv.input[2] else None
    users = g.consumers.get(conv.output[0], [])
    if own is None and len(users) == 1 and users[0].op_type == "Add":
        for name in users[0].input:
            added = g.constant(name)
            if added is not None and added.shape in ((1, channels, 1, 1), (channels, 1, 1)):
                bias = added.reshape(-1)
                return users[0], bias if bias.any() else None
    return conv, own


def match(g: Graph, conv: Any) -> Found | None:
    """The deformable convolution that ends in this Conv, by its outline."""
    samples = _samples(g, conv.input[0]) if conv.op_type == "Conv" and _patches(g, conv) else None
    leaves = _leaves(g, samples[0]) if samples else None
    weight = g.constant(conv.input[1]) if leaves else None
    if samples is None or leaves is None or weight is None:
        return None
    pads = g.constant(leaves.pad.input[1])
    padded = next(
        (n for n in g.consumers[leaves.pad.output[0]] if n.op_type == "Reshape"), leaves.pad
    )
    map_shape, offset_shape = _shape(g, padded, 5), _shape(g, leaves.reshape, 6)
    steps = _steps(leaves.base, (weight.shape[2], weight.shape[3]))
    if pads is None or pads.size != 8 or map_shape is None or offset_shape is None or steps is None:
        return None
    start, stride, dilation = steps
    n, groups, channels, h, w = map_shape
    last, bias = _find_bias(g, conv, weight.shape[0])
    return Found(
        last=last,
        input=leaves.pad.input[0],
        offset=leaves.reshape.input[0],
        mask=samples[1],
        weight=conv.input[1],
        bias=bias,
        stride=stride,
        padding=(int(pads[2]) - start[0], int(pads[3]) - start[1]),
        dilation=dilation,
        groups=g.attributes(conv).get("group", 1),
        offset_groups=offset_shape[1],
        size=(n, groups * channels, int(h - pads[2] - pads[6]), int(w - pads[3] - pads[7])),
    )


def _operands(g: Graph, found: Found) -> dict[str, Array]:
    """Random ones; of the offsets some lead far out of the map."""
    rng = np.random.default_rng(0)
    weight = g.constant(found.weight)
    assert weight is not None
    n, _, h, w = found.size
    kh, kw = weight.shape[2:]
    p, q = (
        (size + 2 * pad - d * (k - 1) - 1) // s + 1
        for size, pad, d, k, s in zip(
            (h, w), found.padding, found.dilation, (kh, kw), found.stride, strict=True
        )
    )
    taps = found.offset_groups * kh * kw
    offset = rng.standard_normal((n, 2 * taps, p, q), np.float32)
    offset *= rng.choice(np.array([1, 2, h + w], np.float32), offset.shape)
    return {
        found.input: rng.standard_normal(found.size, np.float32),
        found.offset: offset,
        found.mask or "": rng.random((n, taps, p, q), np.float32),
    }


def prove(g: Graph, found: Found) -> bool:
    """Whether the nodes compute what the deformable convolution does, of random operands in single precision."""
    weight = g.constant(found.weight)
    if weight is None or weight.dtype != np.float32 or min(found.padding) < 0:
        return False
    try:
        known = _operands(g, found)
        want = deform_conv2d(
            known[found.input],
            known[found.offset],
            weight,
            found.bias,
            found.stride,
            found.padding,
            found.dilation,
            known[found.mask] if found.mask else None,
        )
        part = Evaluator(g.proto.node, known, g.constant, g.attributes)
        got = part.value(found.last.output[0])
    except (Error, ValueError, KeyError, IndexError, TypeError):
        return False  # not even the shapes fit
    return got.shape == want.shape and bool(
        np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()
    )
