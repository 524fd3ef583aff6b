"""The few operators of ONNX that decomposed deformable operators are made of, on numpy arrays.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Attributes = dict[str, Any]


def _reshape(a: Attributes, x: Array, shape: Array) -> Array:
    y: Array = x.reshape([x.shape[i] if n == 0 else int(n) for i, n in enumerate(shape)])
    return y


def _slice(
    a: Attributes,
    x: Array,
    starts: Array,
    ends: Array,
    axes: Array | None = None,
    steps: Array | None = None,
) -> Array:
    every = [slice(None)] * x.ndim
    for i, axis in enumerate(range(len(starts)) if axes is None else axes):
        every[axis] = slice(starts[i], ends[i], 1 if steps is None else steps[i])
    return x[tuple(every)]


def _pad(a: Attributes, x: Array, pads: Array, value: Array | None = None) -> Array:
    if a.get("mode", b"constant") != b"constant":
        raise ValueError("a mode of Pad")
    pairs = list(zip(pads[: x.ndim], pads[x.ndim :], strict=True))
    return np.pad(x, pairs, constant_values=0 if value is None else value.item())


def _gather_nd(a: Attributes, data: Array, indices: Array) -> Array:
    n = a.get("batch_dims", 0)
    batch = data.shape[:n]
    parts = [
        part[tuple(np.moveaxis(index, -1, 0))]
        for part, index in zip(
            data.reshape(-1, *data.shape[n:]), indices.reshape(-1, *indices.shape[n:]), strict=True
        )
    ]
    whole: Array = np.stack(parts).reshape(*batch, *parts[0].shape)
    return whole


def _convolution(a: Attributes, x: Array, weight: Array, bias: Array | None = None) -> Array:
    """A convolution of patches that do not overlap: strides are the kernel's size."""
    groups = a.get("group", 1)
    n, c, h, w = x.shape
    o, _, kh, kw = weight.shape
    patches = x.reshape(n, groups, c // groups, h // kh, kh, w // kw, kw)
    rows = weight.reshape(groups, o // groups, c // groups, kh, kw)
    y: Array = np.einsum("ngcpiqj,gocij->ngopq", patches, rows, optimize=True)
    y = y.reshape(n, o, h // kh, w // kw)
    return y if bias is None else y + bias[:, None, None]


def _axes(a: Attributes, axes: Array | None) -> list[int]:
    return [int(n) for n in (a.get("axes", []) if axes is None else axes.ravel())]


def _reduce_sum(a: Attributes, x: Array, axes: Array | None = None) -> Array:
    y: Array = x.sum(tuple(_axes(a, axes)), keepdims=bool(a.get("keepdims", 1)))
    return y


def _unsqueeze(a: Attributes, x: Array, axes: Array | None = None) -> Array:
    return np.expand_dims(x, _axes(a, axes))


def _squeeze(a: Attributes, x: Array, axes: Array | None = None) -> Array:
    return np.squeeze(x, tuple(_axes(a, axes)))


def _grid_sample(a: Attributes, x: Array, grid: Array) -> Array:
    """Bilinear, zeros around the map, whose corners are those of its outer pixels."""
    n, c, h, w = x.shape
    at = (grid.astype(np.float64) + 1) * np.array([w, h]) / 2 - 0.5
    low = np.floor(at)
    y = np.zeros((n, c, *grid.shape[1:3]), np.float64)
    images = np.arange(n)[:, None, None]
    for corner in np.ndindex(2, 2):
        pixel = (low + corner).astype(np.int64)
        part = np.prod(1 - np.abs(at - low - corner), -1)
        column, row = pixel[..., 0], pixel[..., 1]
        inside = (column >= 0) & (column < w) & (row >= 0) & (row < h)
        found = x[images, :, row.clip(0, h - 1), column.clip(0, w - 1)]
        y += np.moveaxis(found * (part * inside)[..., None], -1, 1)
    return y.astype(x.dtype)


def _cast(a: Attributes, x: Array) -> Array:
    kinds = {1: np.float32, 6: np.int32, 7: np.int64, 11: np.float64}
    return x.astype(kinds[a["to"]])


OPERATORS: dict[str, Callable[..., Array]] = {
    "Add": lambda a, x, y: x + y,
    "Cast": _cast,
    "Clip": lambda a, x, low, high: np.clip(x, low, high),
    "Concat": lambda a, *x: np.concatenate(x, a["axis"]),
    "Conv": _convolution,
    "Div": lambda a, x, y: x / y,
    "Expand": lambda a, x, shape: x * np.ones(shape, x.dtype),
    "Floor": lambda a, x: np.floor(x),
    "GatherElements": lambda a, x, index: np.take_along_axis(x, index, a.get("axis", 0)),
    "GatherND": _gather_nd,
    "GridSample": _grid_sample,
    "Identity": lambda a, x: x,
    "Mul": lambda a, x, y: x * y,
    "Pad": _pad,
    "ReduceSum": _reduce_sum,
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": lambda a, x, y: x - y,
    "Sum": lambda a, *x: sum(x[1:], x[0]),
    "Tile": lambda a, x, repeats: np.tile(x, repeats),
    "Transpose": lambda a, x: x.transpose(a["perm"]),
    "Unsqueeze": _unsqueeze,
}


class Evaluator:
    """Values of a part of a graph, each computed when it is first asked for and forgotten after its last use."""

    def __init__(
        self,
        nodes: Sequence[Any],
        known: dict[str, Array],
        constant: Callable[[str], Array | None],
        attributes: Callable[[Any], Attributes],
    ) -> None:
        self._producer = {output: node for node in nodes for output in node.output}
        self._uses = Counter(name for node in nodes for name in node.input)
        self._known, self._constant, self._attributes = known, constant, attributes
        self._kept: dict[str, Array] = {}

    def value(self, name: str) -> Array:
        """The value of that name, for one of its uses."""
        given = self._known.get(name)
        if given is None:
            given = self._constant(name)
        if given is not None:
            return given
        if name in self._kept:
            array = self._kept[name]
        else:
            node = self._producer[name]
            operands = (self.value(i) if i else None for i in node.input)
            array = OPERATORS[node.op_type](self._attributes(node), *operands)
        self._uses[name] -= 1
        if self._uses[name] > 0:
            self._kept[name] = array
        else:
            self._kept.pop(name, None)
        return array
