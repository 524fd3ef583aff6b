"""A node of a model as the tables of operators see it: operands looked up, attributes read, wishes checked.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .network import Array, Key, Network, Shape, Value
from .views import View

Operand = View | Array | None
DTYPES: dict[str, np.dtype[Any]] = {"f32": np.dtype(np.float32), "f64": np.dtype(np.float64)}
#: An axis of a map, and images times rows times columns times channels of it.
LONGEST, LARGEST = 1 << 20, 1 << 40


def is_map(shape: Shape) -> bool:
    """Whether a map may have that shape."""
    return all(1 <= n <= LONGEST for n in shape) and math.prod(shape) <= LARGEST


class RefusedError(Exception):
    """Why a node has no counterpart."""


def refuse(why: str) -> NoReturn:
    """It has none."""
    raise RefusedError(why)


class Node:
    """A node: ``op`` and ``a``, its attributes, with operands instead of names."""

    def __init__(
        self, net: Network, proto: Any, a: dict[str, Any], operands: list[Operand]
    ) -> None:
        self.net, self.proto, self.op, self.a, self.operands = (
            net,
            proto,
            proto.op_type,
            a,
            operands,
        )
        self.opset = self.position = 0
        self.name = ""

    # ---- attributes ----------------------------------------------------------------------------

    def text(self, name: str, default: str) -> str:
        """An attribute of letters."""
        value = self.a.get(name, default)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        value = self.a.get(name, default)
        if not isinstance(value, int):
            refuse(f"{name} is no integer")
        return value

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number."""
        value = self.a.get(name, default)
        if not isinstance(value, int | float) or not np.isfinite(value):
            refuse(f"{name} is no finite number")
        return float(value)

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute of as many whole numbers as the default."""
        value = tuple(self.a.get(name, default))
        if len(value) != len(default) or not all(isinstance(n, int) for n in value):
            refuse(f"{name} has {len(value)} numbers, expected {len(default)}")
        return value

    # ---- operands ------------------------------------------------------------------------------

    def given(self, i: int) -> bool:
        """Whether there is an operand at that place."""
        return i < len(self.operands) and self.operands[i] is not None

    def view(self, i: int) -> View:
        """An operand that is computed from inputs."""
        if not self.given(i):
            refuse(f"operand {i} is missing")
        operand = self.operands[i]
        if not isinstance(operand, View):
            refuse(f"operand {i} is a constant")
        return operand

    def map(self, i: int, order: str = "nchw") -> Value:
        """An operand that is a map with its axes in that order."""
        view = self.view(i)
        if not view.is_order(order):
            refuse(f"operand {i}, of {list(view.shape)}, is no map in {order}")
        return view.value

    def constant(self, i: int) -> Array:
        """An operand that the model holds, or computes from what it holds."""
        if not self.given(i):
            refuse(f"operand {i} is missing")
        operand = self.operands[i]
        if isinstance(operand, View):
            refuse(f"operand {i} is no constant")
        assert operand is not None
        return operand

    def whole_numbers(self, i: int) -> list[int]:
        """A constant operand of whole numbers."""
        array = self.constant(i)
        if array.dtype.kind not in "iu" or array.ndim > 1 or array.size > 64:
            refuse(f"operand {i} is no short list of integers")
        return [int(n) for n in np.atleast_1d(array)]

    def weight(self, i: int, rank: int) -> Array:
        """A constant operand of the network's own type."""
        array = self.constant(i)
        wanted = DTYPES[self.net.dtype]
        if array.dtype != wanted:
            refuse(f"operand {i} is of {array.dtype}, the network of {wanted}")
        if array.ndim != rank or not array.size:
            refuse(f"operand {i} has shape {list(array.shape)}, expected {rank} sizes")
        return array

    # ---- results -------------------------------------------------------------------------------

    def layer(
        self,
        op: str,
        inputs: list[Value],
        shape: Shape,
        keys: dict[str, Key] | None = None,
        params: dict[str, Array] | None = None,
        operands: dict[str, Value] | None = None,
    ) -> Value:
        """A layer in this node's place."""
        if not is_map(shape):
            refuse(f"its result would have shape {list(shape)}")
        return self.net.add(
            op,
            inputs,
            shape,
            keys=keys or {},
            params=params or {},
            operands=operands or {},
            name=self.name,
            where=self,
        )

    def affine(self, value: Value, scale: Array | float, shift: Array | float) -> Value:
        """value * scale + shift, each a number or one for each channel."""
        params = {"scale": np.asarray(scale, float), "shift": np.asarray(shift, float)}
        for name, array in params.items():
            if array.shape not in ((), value.shape[3:]) or not np.all(np.isfinite(array)):
                refuse(f"its {name} is not one finite number for each of {value.shape[3]} channels")
        if np.all(params["scale"] == 1) and not np.any(params["shift"]):
            return value
        return self.layer("affine", [value], value.shape, params=params)


Handler = Callable[[Node], Sequence[Operand]]


class Special(NamedTuple):
    """What takes the last of several nodes that are one layer, and the tensors that they read."""

    sources: list[str]
    handler: Handler
