"""The core of DCNv3: mmdeploy's node, and the grid samples that InternImage computes it with where there is no CUDA.

Of the latter only the outline is looked at: what goes into a GridSample, is multiplied by a mask and summed over the taps. What
tells is that the nodes compute the same as the core of random operands.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...error import Error
from ...functions import dcnv3
from ..evaluate import Evaluator
from ..graph import Graph
from .network import Array, Key, Value
from .nodes import Node, Operand, Special, refuse
from .views import View

VIEWS = ("Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
#: What a model may do to offsets before they are positions.
MOVES = (*VIEWS, "Add", "Cast", "Div", "Expand", "Mul", "Sub", "Tile")
TOLERANCE = 1e-3
Pair = tuple[int, int]


def trt_dcnv3(n: Node) -> list[Operand]:
    """mmdeploy's; the mask is given after its softmax."""
    x, offset, mask = n.map(0, "nhwc"), n.map(1, "nhwc"), n.map(2, "nhwc")
    pairs = {
        "kernel_size": ("kernel_h", "kernel_w", 3),
        "stride": ("stride_h", "stride_w", 1),
        "padding": ("pad_h", "pad_w", 1),
        "dilation": ("dilation_h", "dilation_w", 1),
    }
    keys: dict[str, Key] = {"groups": n.integer("group", 1)}
    for key, (h, w, usual) in pairs.items():
        size = (n.integer(h, usual), n.integer(w, usual))
        keys[key] = size * 2 if key == "padding" else size
    keys["offset_scale"] = n.number("offset_scale", 1)
    keys["remove_center"] = bool(n.integer("remove_center", 0))
    return [_core(n, x, offset, mask, keys)]


def _core(n: Node, x: Value, offset: Value, mask: Value, keys: dict[str, Key]) -> View:
    if offset.shape[:3] != mask.shape[:3] or offset.shape[3] != 2 * mask.shape[3]:
        refuse(f"offset {offset.shape} and mask {mask.shape} (n, h, w, c) do not fit")
    shape = (*offset.shape[:3], x.shape[3])
    operands = {"offset": offset, "mask": mask}
    out = n.layer("dcnv3", [x], shape, {**keys, "modulation": "mask"}, None, operands)
    return View.of(out, "nhwc")


# ---- grid samples --------------------------------------------------------------------------------


class Outline(NamedTuple):
    """Nodes that may be a core: tensors, sizes, and what lies between them."""

    x: str
    mask: str
    grid: str
    padded: tuple[int, int, int]  # rows, columns of the map that is sampled; rows added above
    before: int  # columns added on the left of it
    size: tuple[int, int, int, int]  # of the result: n, h, w, c
    groups: int
    taps: int
    nodes: list[Any]  # without those of the grid
    tail: Any


class Found(NamedTuple):
    """A core: where its operands are, and its keys."""

    x: str
    offset: str
    mask: str
    keys: dict[str, Any]

    def special(self, env: Mapping[str, Operand]) -> Special:
        """What takes the last of its nodes."""
        names = [self.x, self.offset, self.mask]

        def handle(n: Node) -> list[Operand]:
            x, offset, mask = (_as_map(name, env[name]) for name in names)
            k = self.keys
            keys: dict[str, Key] = {"groups": k["groups"], "padding": tuple(k["padding"]) * 2}
            keys |= {key: k[key] for key in ("kernel_size", "stride", "dilation")}
            keys |= {key: k[key] for key in ("offset_scale", "remove_center")}
            return [_core(n, x, offset, mask, keys)]

        return Special(names, handle)


def _as_map(name: str, operand: Operand) -> Value:
    """All of a map in nhwc, its channels perhaps cut in groups."""
    if not isinstance(operand, View):
        refuse(f"'{name}' is a constant")
    whole = View.of(operand.value, "nhwc")
    if operand.shape != whole.shape:
        operand = operand.reshaped(whole.shape)
    if not operand.is_order("nhwc"):
        refuse(f"'{name}' is no map in nhwc")
    return operand.value


class Finder:
    """Cores that are written as nodes around a GridSample."""

    def __init__(self, g: Graph, constants: Mapping[str, Array]) -> None:
        self.g, self.constants = g, constants
        self.found: dict[str, Found] = {}
        self.covered: set[int] = set()
        for node in g.proto.node:
            if node.op_type == "GridSample" and self._is_usual(node):
                outline = self._outline(node)
                if outline is not None:
                    self._prove(outline)

    def _is_usual(self, sample: Any) -> bool:
        a = self.g.attributes(sample)
        mode, padding = a.get("mode", b"linear"), a.get("padding_mode", b"zeros")
        return (
            mode in (b"bilinear", b"linear")
            and padding == b"zeros"
            and not a.get("align_corners", 0)
        )

    def _only_user(self, node: Any, *op_types: str) -> Any | None:
        users = self.g.consumers.get(node.output[0], [])
        return users[0] if len(users) == 1 and users[0].op_type in op_types else None

    def _up(self, name: str, op_types: Sequence[str], most: int = 1000) -> tuple[str, list[Any]]:
        """What a tensor was made of by at most so many nodes of these types, and the nodes, the last first."""
        nodes: list[Any] = []
        while (
            len(nodes) < most
            and name in self.g.producers
            and self.g.producers[name].op_type in op_types
        ):
            node = self.g.producers[name]
            given = [n for n in node.input if n and n not in self.constants]
            if len(given) != 1:
                break
            nodes.append(node)
            name = given[0]
        return name, nodes

    def _shape(self, node: Any, rank: int) -> list[int]:
        """What a Reshape makes, if that is constant and of that rank; else nothing."""
        shape = self.constants.get(node.input[1]) if node.op_type == "Reshape" else None
        return [int(n) for n in shape] if shape is not None and shape.size == rank else []

    def _outline(self, sample: Any) -> Outline | None:
        product = self._only_user(sample, "Mul")
        total = self._only_user(product, "ReduceSum") if product is not None else None
        nodes = [total]
        while nodes[-1] is not None and len(nodes) < 4:
            nodes.append(self._only_user(nodes[-1], "Reshape", "Transpose"))
        if product is None or nodes[-1] is None:
            return None
        other = next(iter(set(product.input) - set(sample.output)), "")
        mask, mask_nodes = self._up(other, VIEWS, 3)
        maps_of, x_nodes = self._up(sample.input[0], VIEWS, 3)
        x, pad_nodes = self._up(maps_of, ("Pad",), 1)
        if not mask_nodes or not x_nodes:
            return None
        size, maps, taps = (
            self._shape(nodes[-1], 4),
            self._shape(x_nodes[0], 4),
            self._shape(mask_nodes[0], 4),
        )
        pads = [self.constants.get(n.input[1]) for n in pad_nodes]
        pad = pads[0] if pads else np.zeros(8, np.int64)
        if (
            not size
            or not maps
            or not taps
            or min(*size, *maps, taps[3]) < 1
            or pad is None
            or pad.size != 8
        ):
            return None
        return Outline(
            x,
            mask,
            sample.input[1],
            (maps[2], maps[3], int(pad[1])),
            int(pad[2]),
            (size[0], size[1], size[2], size[3]),
            maps[0] // size[0],
            taps[3],
            [*mask_nodes, *x_nodes, *pad_nodes, sample, product, *nodes[:-1]],
            nodes[-1],
        )

    def _evaluate(self, name: str, known: dict[str, Array]) -> Array:
        constant = self.constants.get
        return Evaluator(self.g.proto.node, known, constant, self.g.attributes).value(name)

    def _offsets(self, grid: str) -> Iterator[tuple[str, list[Any]]]:
        """Tensors that may be the offsets, the nearest first, and the nodes behind them."""
        _, nodes = self._up(grid, MOVES)
        for i, node in enumerate(nodes):
            yield next(n for n in node.input if n not in self.constants), nodes[: i + 1]

    def _prove(self, o: Outline) -> None:
        found, behind = None, []
        for offset, nodes in self._offsets(o.grid):
            keys = self._proven_keys(o, offset)
            if keys is not None:  # what is farther away has scale and all
                found, behind = Found(o.x, offset, o.mask, keys), nodes
            elif found is not None:
                break
        if found is not None:
            self.found[o.tail.output[0]] = found
            self.covered |= self.g.inside([*behind, *o.nodes], o.tail)

    def _proven_keys(self, o: Outline, offset: str) -> dict[str, Any] | None:
        """Keys of the core that computes the same, if `offset` is the tensor of its offsets."""
        try:
            keys = self._keys(o, offset)
            return keys if keys is not None and self._agrees(o, offset, keys) else None
        except (Error, ValueError, KeyError, IndexError, TypeError, ArithmeticError):
            return None  # not even the shapes fit

    def _positions(self, o: Outline, offset: str, value: float) -> Array:
        """Columns and rows [n * groups, pixels, taps, 2] of the samples where all offsets are that."""
        n, h, w, _ = o.size
        known = {offset: np.full((n, h, w, o.groups * o.taps * 2), value, np.float32)}
        grid = self._evaluate(o.grid, known).astype(np.float64)
        rows, columns, above = o.padded
        at: Array = ((grid + 1) * [columns, rows] - 1) / 2 - [o.before, above]
        return at.reshape(n * o.groups, h * w, o.taps, 2)

    def _keys(self, o: Outline, offset: str) -> dict[str, Any] | None:
        """What a core with these positions would have."""
        at = self._positions(o, offset, 0)[0]
        moved = self._positions(o, offset, 1)[0]
        scale = round(float(np.median(moved - at)), 6)
        _, h, w, _ = o.size
        keys: dict[str, list[int]] = {
            "kernel_size": [],
            "stride": [],
            "padding": [],
            "dilation": [],
        }
        for axis, (count, step) in ((1, (h, w)), (0, (w, 1))):  # rows, columns
            taps = np.unique(np.round(at[0, :, axis], 3))
            k = len(taps)
            dilation = round((taps[1] - taps[0]) / scale) if k > 1 else 1
            centre = dilation * (k - 1) // 2
            stride = round(at[step, 0, axis] - at[0, 0, axis]) if count > 1 else 1
            keys["kernel_size"].append(k)
            keys["stride"].append(stride)
            keys["dilation"].append(dilation)
            keys["padding"].append(round(centre - centre * scale - taps[0]))
        missing = keys["kernel_size"][0] * keys["kernel_size"][1] - o.taps
        if (
            missing not in (0, 1)
            or min(keys["padding"]) < 0
            or min(*keys["stride"], *keys["dilation"]) < 1
        ):
            return None
        pairs = {name: (pair[0], pair[1]) for name, pair in keys.items()}
        return {**pairs, "groups": o.groups, "offset_scale": scale, "remove_center": missing == 1}

    def _agrees(self, o: Outline, offset: str, keys: dict[str, Any]) -> bool:
        rng = np.random.default_rng(0)
        n, h, w, c = o.size
        above, before = o.padded[2], o.before
        rows, columns = o.padded[0] - 2 * above, o.padded[1] - 2 * before
        x = rng.standard_normal((n, rows, columns, c), np.float32)
        offsets = 2 * rng.standard_normal((n, h, w, o.groups * o.taps * 2), np.float32)
        mask = rng.random((n, h, w, o.groups * o.taps), np.float32)
        got = self._evaluate(o.tail.output[0], {o.x: x, offset: offsets, o.mask: mask})
        want: Array = dcnv3(x, offsets, mask, **keys)
        near = np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()
        return got.shape == want.shape and bool(near)


HANDLERS: dict[tuple[str, str], Callable[[Node], Sequence[Operand]]] = {
    ("mmdeploy", "TRTDCNv3"): trt_dcnv3,
}
