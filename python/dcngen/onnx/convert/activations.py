"""Activations, whatever nodes they are spelled with: told by what they compute.

A GELU may be five nodes, a hardswish three, in many orders. Nodes that make one tensor from one other, element by element,
are a function of one number; it is evaluated where activations differ, and compared with those of the language.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph
from .network import Array, Key
from .nodes import Node, Operand, Special, refuse
from .views import View

#: Nodes of a spelling, at most.
LONGEST = 16
TOLERANCE = 1e-6
FAR = 100.0
POINTS: Array = np.concatenate([[-FAR, -30.0, -1.0], np.linspace(-9, 9, 721), [30.0, FAR]])

Attributes = Mapping[str, Any]


class Activation(NamedTuple):
    """A function of the language, with its parameters, of the tensor ``source``."""

    source: str
    keys: dict[str, Key]

    def special(self, env: Mapping[str, Operand]) -> Special:
        """What takes the last of its nodes."""

        def handle(n: Node) -> list[Operand]:
            view = env[self.source]
            if not isinstance(view, View):
                refuse("it is a function of a constant")
            value = view.value
            return [View(n.layer("activation", [value], value.shape, dict(self.keys)), view.dims)]

        return Special([self.source], handle)


_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    y: Array = 0.5 + 0.5 * np.tanh(0.5 * x)
    return y


def _gelu(x: Array) -> Array:
    y: Array = 0.5 * x * (1 + _erf(x / math.sqrt(2)))
    return y


def _gelu_node(a: Attributes, x: Array) -> Array:
    if a.get("approximate", b"none") in (b"none", "none"):
        return _gelu(x)
    y: Array = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return y


def _clip(a: Attributes, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    least = a.get("min", -np.inf) if low is None else low
    most = a.get("max", np.inf) if high is None else high
    y: Array = np.minimum(np.maximum(x, least), most)
    return y


def _hard_sigmoid(a: Attributes, x: Array) -> Array:
    y: Array = np.clip(a.get("alpha", 0.2) * x + a.get("beta", 0.5), 0, 1)
    return y


def _elu(a: Attributes, x: Array) -> Array:
    return np.where(x < 0, a.get("alpha", 1.0) * np.expm1(np.minimum(x, 0)), x)


def _prelu(a: Attributes, x: Array, slope: Array) -> Array:
    return np.where(x < 0, slope * x, x)


#: Operators of one number or two, as functions of arrays.
OPERATORS: dict[str, Callable[..., Array]] = {
    "Abs": lambda a, x: np.abs(x),
    "Add": lambda a, x, y: x + y,
    "Clip": _clip,
    "Div": lambda a, x, y: x / y,
    "Elu": _elu,
    "Erf": lambda a, x: _erf(x),
    "Exp": lambda a, x: np.exp(x),
    "Gelu": _gelu_node,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda a, x: x * np.clip(x / 6 + 0.5, 0, 1),
    "LeakyRelu": lambda a, x: np.where(x < 0, a.get("alpha", 0.01) * x, x),
    "Log": lambda a, x: np.log(x),
    "Max": lambda a, *x: np.maximum.reduce(np.broadcast_arrays(*x)),
    "Min": lambda a, *x: np.minimum.reduce(np.broadcast_arrays(*x)),
    "Mul": lambda a, x, y: x * y,
    "Neg": lambda a, x: -x,
    "PRelu": _prelu,
    "Pow": lambda a, x, y: np.power(x, y),
    "Reciprocal": lambda a, x: 1 / x,
    "Relu": lambda a, x: np.maximum(x, 0),
    "Sigmoid": lambda a, x: sigmoid(x),
    "Softplus": lambda a, x: np.logaddexp(0, x),
    "Sqrt": lambda a, x: np.sqrt(x),
    "Sub": lambda a, x, y: x - y,
    "Tanh": lambda a, x: np.tanh(x),
}

KNOWN: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x * sigmoid(x),
    "gelu": _gelu,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "hardswish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
}


def _same(got: Array, want: Array) -> bool:
    return bool(np.all(np.abs(got - want) <= TOLERANCE * np.maximum(1, np.abs(want))))


def _bound(value: float) -> float:
    """A bound of ``clip``; beyond the points there is none."""
    return math.copysign(1e30, value) if abs(value) >= FAR else value


def name_of(got: Array) -> dict[str, Key] | None:
    """The activation that has these values at POINTS."""
    if not np.all(np.isfinite(got)):
        return None
    for name, function in KNOWN.items():
        if _same(got, function(POINTS)):
            return {"activation": name}
    slope = float(-got[2])
    if slope != 1 and _same(got, np.where(POINTS < 0, slope * POINTS, POINTS)):
        return {"activation": "leaky_relu", "activation_slope": slope}
    low, high = float(got[0]), float(got[-1])
    if low < high and (low > -FAR or high < FAR) and _same(got, np.clip(POINTS, low, high)):
        return {
            "activation": "clip",
            "activation_min": _bound(low),
            "activation_max": _bound(high),
        }
    return None


class Finder:
    """Activations of a graph, and the nodes that are parts of them."""

    def __init__(self, g: Graph, constants: Mapping[str, Array]) -> None:
        self.g, self.constants = g, constants
        self.place = {id(node): i for i, node in enumerate(g.proto.node)}
        #: Found activations by the tensor that they make.
        self.found: dict[str, Activation] = {}
        #: Nodes inside of them whose results nobody else reads, by their id.
        self.covered: set[int] = set()
        for node in reversed(g.proto.node):
            if id(node) not in self.covered and self._takes(node):
                self._search(node)

    def _scalar(self, name: str) -> Array | None:
        constant = self.constants.get(name)
        return (
            constant.reshape(()).astype(float)
            if constant is not None and constant.size == 1
            else None
        )

    def _takes(self, node: Any) -> bool:
        return (
            node.op_type in OPERATORS and node.domain in ("", "ai.onnx") and len(node.output) == 1
        )

    def _sources(self, node: Any) -> set[str] | None:
        """What a node reads that is no number; None: it reads other constants."""
        names = {name for name in node.input if name and self._scalar(name) is None}
        return None if names & self.constants.keys() else names

    def _search(self, tail: Any) -> None:
        """Go up from a node, and look at each tensor that all else is made of, the nearest first."""
        frontier = self._sources(tail)
        inside = [tail]
        while frontier:
            if len(frontier) == 1:
                (source,) = frontier
                keys = self._identify(source, inside)
                if keys is not None:
                    self.found[tail.output[0]] = Activation(source, keys)
                    self.covered |= self.g.inside(inside[1:], tail)
                    return
            latest = self._latest(frontier)
            more = self._sources(latest) if latest is not None else None
            if latest is None or more is None or len(inside) == LONGEST:
                return
            inside.append(latest)
            frontier = (frontier - {latest.output[0]}) | more

    def _latest(self, frontier: set[str]) -> Any | None:
        """The one of these values' makers that runs last, if all of what it does is known."""
        makers = [self.g.producers[name] for name in frontier if name in self.g.producers]
        last = max(makers, key=lambda node: self.place[id(node)], default=None)
        return last if last is not None and self._takes(last) else None

    def _identify(self, source: str, inside: list[Any]) -> dict[str, Key] | None:
        values: dict[str, Array] = {source: POINTS}
        with np.errstate(all="ignore"):
            for node in reversed(inside):
                operands = [
                    None if not name else values.get(name, self._scalar(name))
                    for name in node.input
                ]
                values[node.output[0]] = OPERATORS[node.op_type](self.g.attributes(node), *operands)
        return name_of(np.broadcast_to(values[inside[0].output[0]], POINTS.shape))
