"""Sums and products, means, the softmax of masks.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .network import AXES, Array, Shape
from .nodes import Node, Operand, refuse
from .views import Dim, View, whole

CHANNELS = AXES.index("c")


# ---- with constants ------------------------------------------------------------------------------


def per_channel(n: Node, view: View, constant: Array) -> Array:
    """A constant as one number, or one for each channel of a view that it is broadcast with."""
    if constant.dtype.kind != "f" or constant.ndim > len(view.dims):
        refuse(
            f"a constant of {constant.dtype} and shape {list(constant.shape)} goes with {list(view.shape)}"
        )
    if constant.size == 1:
        return constant.reshape(()).astype(float)
    shape = (1,) * (len(view.dims) - constant.ndim) + constant.shape
    long = [i for i, s in enumerate(shape) if s != 1]
    if len(long) == 1 and view.channels(long[0]) and shape[long[0]] == view.value.shape[CHANNELS]:
        return constant.reshape(-1).astype(float)
    return refuse(
        f"a constant of shape {list(constant.shape)} has more than one number per channel"
    )


def _with_constant(n: Node, view: View, constant: Array, first: bool) -> View:
    c = per_channel(n, view, constant)
    scale: Array | float
    shift: Array | float
    if n.op == "Add":
        scale, shift = 1.0, c
    elif n.op == "Sub":
        scale, shift = (1.0, -c) if first else (-1.0, c)
    elif n.op == "Mul":
        scale, shift = c, 0.0
    elif first:
        scale, shift = 1 / c, 0.0
    else:
        refuse("it divides by a map")
    out = n.affine(view.value, scale, shift)
    return View(out, view.dims)


# ---- of two maps ---------------------------------------------------------------------------------


def _covers(dims: Sequence[Dim], shape: Shape) -> bool:
    """Whether the dims are all of a map, each position once."""
    atoms = [atom for dim in dims for atom in dim]
    for axis, size in enumerate(shape):
        count = 1
        for atom in sorted((a for a in atoms if a.axis == axis), key=lambda a: a.stride):
            if atom.stride != count:
                return False
            count *= atom.size
        if count != size:
            return False
    return True


def _aligned(a: View, b: View) -> tuple[View, View]:
    rank = max(len(a.dims), len(b.dims))
    padded = [View(v.value, [*[()] * (rank - len(v.dims)), *v.dims]) for v in (a, b)]
    return padded[0], padded[1]


def _pointwise(n: Node, op: str, a: View, b: View) -> View:
    """An add or mul; the map that is repeated, if one is, comes second."""
    a, b = _aligned(a, b)
    dims = [p or q for p, q in zip(a.dims, b.dims, strict=True)]
    sizes = [max(p, q) for p, q in zip(a.value.shape, b.value.shape, strict=True)]
    shape: Shape = (sizes[0], sizes[1], sizes[2], sizes[3])
    fits = all(p == q or not p or not q for p, q in zip(a.dims, b.dims, strict=True))
    if not fits or not _covers(dims, shape):
        refuse(f"tensors of {list(a.shape)} and {list(b.shape)} are not of one map's shape")
    if a.value.shape != shape:
        a, b = b, a
    small, whole_channels = b.value.shape, b.value.shape[3] == shape[3]
    pixels = small[1:3] == shape[1:3] or small[1:3] == (1, 1)
    if a.value.shape != shape or not pixels or not (whole_channels or op == "mul"):
        refuse(f"maps of {a.value.shape} and {small} (n, h, w, c) cannot go together in one {op}")
    return View(n.layer(op, [a.value, b.value], shape), dims)


def binary(n: Node) -> list[Operand]:
    """Add, Sub, Mul or Div."""
    a, b = n.operands
    if isinstance(a, View) and isinstance(b, View):
        if n.op == "Div":
            refuse("it divides by a map")
        if n.op == "Sub":
            b = View(n.affine(b.value, -1.0, 0.0), b.dims)
        return [_pointwise(n, "mul" if n.op == "Mul" else "add", a, b)]
    first = isinstance(a, View)
    view, constant = (n.view(0), n.constant(1)) if first else (n.view(1), n.constant(0))
    if np.broadcast_shapes(view.shape, constant.shape)[-len(view.dims) :] != view.shape:
        refuse(f"a constant of {list(constant.shape)} repeats a tensor of {list(view.shape)}")
    return [_with_constant(n, view, constant, first)]


def total(n: Node) -> list[Operand]:
    """Sum of maps."""
    views = [n.view(i) for i in range(len(n.operands))]
    sum_of_all = views[0]
    for view in views[1:]:
        sum_of_all = _pointwise(n, "add", sum_of_all, view)
    return [sum_of_all]


def negative(n: Node) -> list[Operand]:
    """-x."""
    view = n.view(0)
    return [View(n.affine(view.value, -1.0, 0.0), view.dims)]


# ---- others --------------------------------------------------------------------------------------


def mean(n: Node) -> list[Operand]:
    """ReduceMean over all pixels."""
    view = n.view(0)
    axes = n.whole_numbers(1) if n.given(1) else n.a.get("axes")
    rank = len(view.dims)
    gone = sorted(axis % rank for axis in axes or range(rank))
    h, w = (whole(view.value.shape, AXES.index(letter)) for letter in "hw")
    atoms = {atom for axis in gone for atom in view.dims[axis]}
    if atoms != {*h, *w}:
        refuse(f"axes {gone} of {list(view.shape)} are not the rows and columns of a map")
    shape = (view.value.shape[0], 1, 1, view.value.shape[3])
    out = n.layer("avg_pool2d", [view.value], shape, {"output_size": 1})
    keep = n.integer("keepdims", 1)
    dims = [() if i in gone else d for i, d in enumerate(view.dims) if keep or i not in gone]
    return [View(out, dims)]


def softmax(n: Node) -> list[Operand]:
    """Over taps: channels in a row. The operator that reads it as its mask computes it."""
    view = n.view(0)
    axis = n.integer("axis", -1 if n.opset >= 13 else 1)
    dim = view.dims[axis]
    if n.opset < 13 and axis % len(view.dims) != len(view.dims) - 1:
        refuse("it is over several axes")
    if len(dim) != 1 or dim[0].axis != CHANNELS or dim[0].stride != 1:
        refuse(f"axis {axis} of {list(view.shape)} are no channels in a row")
    out = n.layer("softmax", [view.value], view.value.shape, {"taps": dim[0].size})
    return [View(out, view.dims)]


HANDLERS: dict[str, Callable[[Node], Sequence[Operand]]] = {
    "Add": binary,
    "Div": binary,
    "Mul": binary,
    "Neg": negative,
    "ReduceMean": mean,
    "Softmax": softmax,
    "Sub": binary,
    "Sum": total,
}
