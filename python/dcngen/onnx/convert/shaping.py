"""Nodes that move elements and compute nothing: most of them only look at a map in another way.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from .network import AXES, Array, Key, Value
from .nodes import Node, Operand, refuse
from .views import Atom, Dim, View, whole

CHANNELS = AXES.index("c")
#: Values of one concat.
MOST = 64


def _axis(n: Node, view: View, axis: int) -> int:
    rank = len(view.dims)
    if not -rank <= axis < rank:
        refuse(f"axis {axis} of a tensor of {rank}")
    return axis % rank


def identity(n: Node) -> list[Operand]:
    """The operand itself."""
    return [n.view(0)]


def cast(n: Node) -> list[Operand]:
    """To the type that it has; to another one only the images of regions are, which are looked at there."""
    view, to = n.view(0), n.integer("to", 0)
    if to == {"f32": 1, "f64": 11}[n.net.dtype]:
        return [view]
    return [View(n.layer("cast", [view.value], view.value.shape), view.dims)]


def transpose(n: Node) -> list[Operand]:
    """Another order of axes."""
    view = n.view(0)
    perm = n.a.get("perm", list(range(len(view.dims)))[::-1])
    return [view.transposed(perm)]


def reshape(n: Node) -> list[Operand]:
    """Other axes of the same order of elements."""
    view = n.view(0)
    shape = n.whole_numbers(1) if n.given(1) else [int(s) for s in n.a["shape"]]
    if not n.integer("allowzero", 0):
        shape = [view.shape[i] if s == 0 else s for i, s in enumerate(shape)]
    if shape.count(-1) == 1:
        rest = prod(s for s in shape if s != -1)
        shape[shape.index(-1)] = prod(view.shape) // rest if rest else 0
    return [view.reshaped(shape)]


def flatten(n: Node) -> list[Operand]:
    """Two axes."""
    view = n.view(0)
    axis = n.integer("axis", 1)
    axis = axis if axis == len(view.dims) else _axis(n, view, axis)
    return [view.reshaped([prod(view.shape[:axis]), prod(view.shape[axis:])])]


def _axes(n: Node) -> list[int] | None:
    if n.given(1):
        return n.whole_numbers(1)
    axes = n.a.get("axes")
    return None if axes is None else [int(axis) for axis in axes]


def squeeze(n: Node) -> list[Operand]:
    """Without axes of one position."""
    view, axes = n.view(0), _axes(n)
    gone = {i for i, s in enumerate(view.shape) if s == 1}
    if axes is not None:
        wanted = {_axis(n, view, axis) for axis in axes}
        if wanted - gone:
            refuse(f"it drops axes of {list(view.shape)} that are not 1")
        gone = wanted
    return [View(view.value, [dim for i, dim in enumerate(view.dims) if i not in gone])]


def unsqueeze(n: Node) -> list[Operand]:
    """With more axes of one position."""
    view, axes = n.view(0), _axes(n)
    rank = len(view.dims) + len(axes or [])
    if not axes or rank > 8 or not all(-rank <= axis < rank for axis in axes):
        refuse(f"its axes are {axes}")
    new = {axis % rank for axis in axes}
    rest = iter(view.dims)
    return [View(view.value, [() if i in new else next(rest) for i in range(rank)])]


def shape_of(n: Node) -> list[Operand]:
    """The sizes of a tensor, which are all known."""
    sizes = n.view(0).shape
    begin, end = n.integer("start", 0), n.a.get("end")
    return [np.array(sizes[begin:end], np.int64)]


def size_of(n: Node) -> list[Operand]:
    """How many elements a tensor has."""
    return [np.array(prod(n.view(0).shape), np.int64)]


# ---- channels ------------------------------------------------------------------------------------


def _slowest(view: View, axis: int) -> Atom:
    """The atom of a dim whose positions are runs of channels."""
    dim = view.dims[axis]
    channels = view.value.shape[CHANNELS]
    if not dim and view.channels(axis):
        return Atom(CHANNELS, 1, 1)
    if len(dim) != 1 or dim[0].axis != CHANNELS or dim[0].stride * dim[0].size != channels:
        refuse(f"axis {axis} of {list(view.shape)} are not the channels")
    return dim[0]


def cut(n: Node, view: View, axis: int, begin: int, count: int) -> View:
    """Positions along an axis of a tensor which are channels in a row."""
    if count == view.shape[axis]:
        return view
    atom = _slowest(view, axis)
    start, channels = begin * atom.stride, count * atom.stride
    keys: dict[str, Key] = {"from": start, "count": channels}
    out = n.layer("slice", [view.value], (*view.value.shape[:3], channels), keys)
    dims: list[Dim] = list(view.dims)
    dims[axis] = (Atom(CHANNELS, atom.stride, count),) if count > 1 else ()
    return View(out, dims)


def joined(n: Node, views: Sequence[View], axis: int) -> View:
    """Tensors one after another along the axis of the channels."""
    if len(views) == 1:
        return views[0]
    if len(views) > MOST:
        parts = [joined(n, views[i : i + MOST], axis) for i in range(0, len(views), MOST)]
        return joined(n, parts, axis)
    first = views[0]
    for view in views:
        others = [d for i, d in enumerate(view.dims) if i != axis]
        same = others == [d for i, d in enumerate(first.dims) if i != axis]
        if not same or view.value.shape[:3] != first.value.shape[:3] or not view.channels(axis):
            refuse(
                f"it joins tensors along axis {axis}, which are not the channels of maps of one size"
            )
    values = [view.value for view in views]
    shape = (*first.value.shape[:3], sum(v.shape[CHANNELS] for v in values))
    dims = list(first.dims)
    dims[axis] = whole(shape, CHANNELS)
    return View(n.layer("concat", values, shape), dims)


def concat(n: Node) -> list[Operand]:
    """Channels of all operands."""
    views = [n.view(i) for i in range(len(n.operands))]
    return [joined(n, views, _axis(n, views[0], n.integer("axis", 0)))]


def split(n: Node) -> list[Operand]:
    """Parts of the channels."""
    view = n.view(0)
    axis = _axis(n, view, n.integer("axis", 0))
    parts = len(n.proto.output)
    total = view.shape[axis]
    if n.given(1):
        sizes = n.whole_numbers(1)
    else:
        each = -(-total // n.integer("num_outputs", parts))
        sizes = list(n.a.get("split", [min(each, total - i * each) for i in range(parts)]))
    if sum(sizes) != total or min(sizes) < 1 or len(sizes) != parts:
        refuse(f"it splits {total} in {sizes}")
    begins = [sum(sizes[:i]) for i in range(parts)]
    return [cut(n, view, axis, b, s) for b, s in zip(begins, sizes, strict=True)]


def _one_by_one(n: Node, view: View, axis: int, positions: Sequence[int]) -> View:
    """Positions in any order: runs of them are one layer each."""
    if (
        not positions
        or len(positions) > 64
        or not all(0 <= p < view.shape[axis] for p in positions)
    ):
        refuse(f"it takes {len(positions)} positions of {view.shape[axis]}")
    runs: list[list[int]] = []
    for p in positions:
        if runs and p == runs[-1][-1] + 1:
            runs[-1].append(p)
        else:
            runs.append([p])
    return joined(n, [cut(n, view, axis, run[0], len(run)) for run in runs], axis)


def slices(n: Node) -> list[Operand]:
    """A part of the channels, backwards too."""
    view = n.view(0)
    if "starts" in n.a:
        starts, ends = list(n.a["starts"]), list(n.a["ends"])
        axes, steps = list(n.a.get("axes", range(len(starts)))), [1] * len(starts)
    else:
        starts, ends = n.whole_numbers(1), n.whole_numbers(2)
        axes = n.whole_numbers(3) if n.given(3) else list(range(len(starts)))
        steps = n.whole_numbers(4) if n.given(4) else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = _axis(n, view, axis)
        taken = range(view.shape[at])[start:end:step]
        if len(taken) and taken.step == 1:
            view = cut(n, view, at, taken.start, len(taken))
        else:
            view = _one_by_one(n, view, at, taken)
    return [view]


def gather(n: Node) -> list[Operand]:
    """Some of the channels."""
    view = n.view(0)
    at = _axis(n, view, n.integer("axis", 0))
    index = n.constant(1)
    if index.dtype.kind not in "iu" or index.ndim > 1:
        refuse("its indices are no list of integers")
    positions = [int(i) % view.shape[at] for i in index.ravel()]
    part = _one_by_one(n, view, at, positions)
    if index.ndim == 0:
        part = View(part.value, [dim for i, dim in enumerate(part.dims) if i != at])
    return [part]


def tile(n: Node) -> list[Operand]:
    """The channels several times."""
    view, repeats = n.view(0), n.whole_numbers(1)
    many = [i for i, r in enumerate(repeats) if r != 1]
    if not many:
        return [view]
    if (
        len(repeats) != len(view.dims)
        or len(many) > 1
        or repeats[many[0]] < 1
        or not view.channels(many[0])
    ):
        refuse(f"it repeats {list(view.shape)} {repeats} times, not the channels alone")
    value, times = view.value, repeats[many[0]]
    while times > 1:
        part = next((d for d in range(min(times, MOST), 1, -1) if times % d == 0), 0)
        if not part:
            refuse(f"it repeats the channels {repeats[many[0]]} times")
        shape = (*value.shape[:3], part * value.shape[CHANNELS])
        value = n.layer("concat", [value], shape, {"times": part})
        times //= part
    dims = list(view.dims)
    dims[many[0]] = whole(value.shape, CHANNELS)
    return [View(value, dims)]


def expand(n: Node) -> list[Operand]:
    """One pixel becomes a map of the same ones."""
    view = n.view(0)
    wanted = n.whole_numbers(1)
    shape = np.broadcast_shapes(view.shape, tuple(wanted))
    view = View(view.value, [*[()] * (len(shape) - len(view.dims)), *view.dims])
    if shape == view.shape:
        return [view]
    value: Value = view.value
    if not view.is_order("nchw") or value.shape[1:3] != (1, 1) or shape[:2] != view.shape[:2]:
        refuse(f"it makes {list(shape)} of {list(view.shape)}, not a map of one pixel")
    keys: dict[str, Key] = {"size": (shape[2], shape[3]), "mode": "nearest"}
    out = n.layer("resize", [value], (value.shape[0], shape[2], shape[3], value.shape[3]), keys)
    return [View.of(out, "nchw")]


def pad(n: Node) -> list[Operand]:
    """Zeros around a map, where a convolution follows that can have them as its padding."""
    x = n.map(0)
    pads = n.whole_numbers(1) if n.given(1) else [int(p) for p in n.a["pads"]]
    fill: Array = n.constant(2) if n.given(2) else np.zeros(1)
    if n.given(3) or len(pads) != 8 or min(pads) < 0 or pads[:2] + pads[4:6] != [0] * 4:
        refuse("it pads more than rows and columns")
    if n.text("mode", "constant") != "constant" or np.any(fill) or n.number("value", 0):
        refuse("it pads with something else than zeros")
    around = (pads[2], pads[3], pads[6], pads[7])
    shape = (x.shape[0], x.shape[1] + pads[2] + pads[6], x.shape[2] + pads[3] + pads[7], x.shape[3])
    return [View.of(n.layer("pad", [x], shape, {"padding": around}), "nchw")]


HANDLERS: dict[str, Callable[[Node], Sequence[Operand]]] = {
    "Cast": cast,
    "Concat": concat,
    "Dropout": identity,
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "Identity": identity,
    "Pad": pad,
    "Reshape": reshape,
    "Shape": shape_of,
    "Size": size_of,
    "Slice": slices,
    "Split": split,
    "Squeeze": squeeze,
    "Tile": tile,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
