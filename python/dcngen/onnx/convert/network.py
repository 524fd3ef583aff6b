"""A network in the making: maps, the layers that make them, and parameters.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: Images, rows, columns and channels of a map; a matrix of rois has its rows as images.
Shape = tuple[int, int, int, int]
AXES = "nhwc"
Key = bool | int | float | str | tuple[int, ...]


@dataclass(eq=False)
class Value:
    """A map. ``layer`` makes it; None: it is an input."""

    shape: Shape
    layer: Layer | None = None


@dataclass(eq=False)
class Layer:
    """What makes a map from others.

    Attributes:
        op: A constructor of the language; or ``affine``, ``softmax``, ``cast``, which are none and must be joined to one.
        inputs: What it reads by position.
        operands: What it reads by name.
        keys: What the spec says of it, in that order.
        params: Its parameters, in PyTorch's layouts.
        name: Where its parameters are found; "": it has none, or has to be given one.
        where: The node that it stands for, for errors.
    """

    op: str
    inputs: list[Value]
    out: Value
    operands: dict[str, Value] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    params: dict[str, Array] = field(default_factory=dict)
    name: str = ""
    where: Any = None

    def reads(self) -> Iterator[Value]:
        """All maps that it is made from."""
        yield from self.inputs
        yield from self.operands.values()

    def substitute(self, old: Value, new: Value) -> None:
        """Read another map."""
        self.inputs = [new if v is old else v for v in self.inputs]
        self.operands = {k: new if v is old else v for k, v in self.operands.items()}


@dataclass(eq=False)
class Input:
    """What a network is given: rank 4 (``layout`` says how its axes lie) or 2."""

    name: str
    value: Value
    rank: int
    layout: str


@dataclass(eq=False)
class Output:
    """What it makes: a map, as ``order`` of its axes says (``nchw``, ``nhwc``, ``nc``)."""

    name: str
    value: Value
    order: str


class Network:
    """Layers in an order in which they can run."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.inputs: list[Input] = []
        self.outputs: list[Output] = []
        self.layers: list[Layer] = []

    def add(self, op: str, inputs: list[Value], shape: Shape, **more: Any) -> Value:
        """A new layer; the rest as Layer has it."""
        out = Value(shape)
        layer = Layer(op, inputs, out, **more)
        out.layer = layer
        self.layers.append(layer)
        return out

    def uses(self) -> Counter[Value]:
        """How often each map is read; an output is a use."""
        found = Counter(v for layer in self.layers for v in layer.reads())
        found.update(output.value for output in self.outputs)
        return found

    def replace(self, old: Value, new: Value) -> None:
        """Whoever reads one map reads another one."""
        for layer in self.layers:
            layer.substitute(old, new)
        for output in self.outputs:
            if output.value is old:
                output.value = new

    def take_over(self, maker: Layer, gone: Layer) -> None:
        """``maker`` makes what ``gone`` made, which is no layer any more."""
        maker.out = gone.out
        gone.out.layer = maker
        self.layers.remove(gone)

    def _needed(self) -> set[int]:
        """Layers that lead to an output, by their id."""
        found: set[int] = set()
        pending = [output.value for output in self.outputs]
        while pending:
            layer = pending.pop().layer
            if layer is not None and id(layer) not in found:
                found.add(id(layer))
                pending.extend(layer.reads())
        return found

    def tidy(self) -> None:
        """Drop layers that nobody needs, and put those that a layer reads before it; else their order stays."""
        needed, done = self._needed(), set[int]()
        order: list[Layer] = []
        for root in self.layers:
            pending = [root] if id(root) in needed else []
            while pending:
                layer = pending[-1]
                makers = [v.layer for v in layer.reads() if v.layer is not None]
                missing = [maker for maker in makers if id(maker) not in done]
                if missing:
                    pending.extend(reversed(missing))
                    continue
                pending.pop()
                if id(layer) not in done:
                    done.add(id(layer))
                    order.append(layer)
        self.layers = order
