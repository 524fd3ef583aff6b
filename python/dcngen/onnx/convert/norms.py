"""Layer norms: the operator, and the nodes that it was written with before there was one.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph
from .network import Array, Key
from .nodes import DTYPES, Node, Operand, Special, refuse
from .views import View


def _norm(n: Node, view: View, axis: int, eps: float, params: dict[str, Array]) -> list[Operand]:
    rank = len(view.dims)
    if not -rank <= axis < rank or not view.channels(axis) or view.value.shape[3] == 1:
        refuse("what it norms are not the channels of a pixel")
    channels = view.value.shape[3]
    dtype = DTYPES[n.net.dtype]
    params = {"weight": np.ones(channels, dtype), "bias": np.zeros(channels, dtype)} | params
    for name, array in params.items():
        if array.shape != (channels,):
            refuse(f"its {name} has shape {list(array.shape)}, expected [{channels}]")
    keys: dict[str, Key] = {"eps": eps}
    return [view.like(n.layer("layer_norm", [view.value], view.value.shape, keys, params))]


def layer_norm(n: Node) -> list[Operand]:
    """LayerNormalization over the last axis."""
    view, axis = n.view(0), n.integer("axis", -1)
    if axis % len(view.dims) != len(view.dims) - 1:
        refuse("it norms more than the last axis")
    params = {"weight": n.weight(1, 1)}
    if n.given(2):
        params["bias"] = n.weight(2, 1)
    return _norm(n, view, -1, n.number("epsilon", 1e-5), params)


class Found(NamedTuple):
    """A norm without weights that several nodes are."""

    source: str
    axis: int
    eps: float

    def special(self, env: Mapping[str, Operand]) -> Special:
        """What takes the last of its nodes."""

        def handle(n: Node) -> list[Operand]:
            view = env[self.source]
            if not isinstance(view, View):
                refuse(f"it norms '{self.source}', which is a constant")
            return _norm(n, view, self.axis, self.eps, {})

        return Special([self.source], handle)


class Finder:
    """(x - mean) / sqrt(mean of its square + eps), in the nodes of a graph."""

    def __init__(self, g: Graph, constants: Mapping[str, Array]) -> None:
        self.g, self.constants = g, constants
        self.found: dict[str, Found] = {}
        self.covered: set[int] = set()
        for node in g.proto.node:
            if node.op_type in ("Div", "Mul") and len(node.input) == 2:
                self._search(node)

    def _maker(self, name: str, *op_types: str) -> Any | None:
        node = self.g.producers.get(name)
        return node if node is not None and node.op_type in op_types else None

    def _mean_axis(self, node: Any) -> int | None:
        """The one axis that a ReduceMean goes over, if it keeps it."""
        a = self.g.attributes(node)
        axes = a.get("axes")
        if axes is None and len(node.input) > 1 and node.input[1] in self.constants:
            axes = self.constants[node.input[1]].ravel().tolist()
        return int(axes[0]) if axes and len(axes) == 1 and a.get("keepdims", 1) else None

    def _square(self, node: Any) -> str | None:
        """x of x * x."""
        if node.op_type == "Mul":
            return node.input[0] if node.input[0] == node.input[1] else None
        exponent = self.constants.get(node.input[1])
        return node.input[0] if exponent is not None and np.all(exponent == 2) else None

    def _root(self, tail: Any) -> tuple[Any, ...] | None:
        """Sqrt, and what stands between it and the tail."""
        if tail.op_type == "Div":
            root = self._maker(tail.input[1], "Sqrt")
            return (root,) if root is not None else None
        inverse = self._maker(tail.input[1], "Reciprocal")
        root = self._maker(inverse.input[0], "Sqrt") if inverse is not None else None
        return (root, inverse) if root is not None else None

    def _search(self, tail: Any) -> None:
        centred = self._maker(tail.input[0], "Sub")
        mean = self._maker(centred.input[1], "ReduceMean") if centred is not None else None
        roots = self._root(tail)
        if centred is None or mean is None or roots is None or mean.input[0] != centred.input[0]:
            return
        total = self._maker(roots[0].input[0], "Add")
        if total is None:
            return
        for one, other in ((0, 1), (1, 0)):
            eps = self.constants.get(total.input[other])
            variance = self._maker(total.input[one], "ReduceMean")
            square = self._maker(variance.input[0], "Pow", "Mul") if variance is not None else None
            if eps is None or eps.size != 1 or square is None:
                continue
            axis = self._mean_axis(mean)
            if (
                self._square(square) == centred.output[0]
                and axis == self._mean_axis(variance) is not None
            ):
                self.found[tail.output[0]] = Found(centred.input[0], axis or 0, float(eps.item()))
                self.covered |= self.g.inside(
                    [mean, centred, square, variance, total, *roots], tail
                )


HANDLERS: dict[str, Callable[[Node], Sequence[Operand]]] = {"LayerNormalization": layer_norm}
