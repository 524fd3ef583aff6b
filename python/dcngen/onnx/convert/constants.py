"""Nodes whose operands are constants are constants.

onnx's own reference computes them, if the result is of a size that no honest model's constants have trouble with.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from .network import Array

#: Elements of a constant that a node may make.
MOST = 1 << 27

Operands = Sequence[Array | None]


def _largest(operands: Operands) -> int:
    return max((x.size for x in operands if x is not None), default=1)


def _broadcast(operands: Operands) -> int:
    return prod(np.broadcast_shapes(*(x.shape for x in operands if x is not None)))


def _sized(at: int) -> Callable[[Operands], int]:
    """The result has the shape that an operand says, broadcast with the first one if that is another."""

    def count(operands: Operands) -> int:
        sizes = operands[at]
        shape = [int(n) for n in sizes.ravel()] if sizes is not None else []
        return prod(max(n, 1) for n in shape) * (_largest(operands[:1]) if at else 1)

    return count


def _range(operands: Operands) -> int:
    start, limit, delta = (float(np.ravel(x)[0]) for x in operands if x is not None)
    return int(abs((limit - start) / delta)) + 1


def _pad(operands: Operands) -> int:
    data, given = operands[0], operands[1]
    assert data is not None and given is not None
    pads, n = [int(p) for p in given.ravel()], given.size // 2
    sizes = [s + pads[i] + pads[i + n] for i, s in enumerate(data.shape[:n])]
    return prod(max(s, 1) for s in sizes)


def _product(operands: Operands) -> int:
    a, b = operands[0], operands[1]
    assert a is not None and b is not None
    return max(a.size, 1) * max(b.shape[-1] if b.ndim > 1 else 1, 1)


_SAME = """Abs Cast CastLike Ceil Concat Cos Exp Flatten Floor Gather GatherElements GatherND Identity Log Neg Not Reciprocal
ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape Round Shape Sign Sin Size Slice Split Sqrt Squeeze
Transpose Trilu Unsqueeze CumSum Erf Sigmoid Tanh"""
_BROADCAST = """Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mod Mul Or Pow Sub Sum Where"""


def _total(operands: Operands) -> int:
    return sum(x.size for x in operands if x is not None) + 1


def _sizes_of(names: str, size: Callable[[Operands], int]) -> dict[str, Callable[[Operands], int]]:
    return dict.fromkeys(re.findall(r"\w+", names), size)


#: What may be evaluated, and how many elements it makes at most.
SIZES: dict[str, Callable[[Operands], int]] = {
    **_sizes_of(_SAME, _total),
    **_sizes_of(_BROADCAST, _broadcast),
    "BatchNormalization": _largest,
    "ConstantOfShape": _sized(0),
    "Expand": _sized(1),
    "Tile": _sized(1),
    "Range": _range,
    "Pad": _pad,
    "MatMul": _product,
    "Gemm": _product,
}


def can_evaluate(node: Any, operands: Operands) -> bool:
    """Whether it is known what a node makes of constants, and that is not too much."""
    if node.domain not in ("", "ai.onnx") or node.op_type not in SIZES:
        return False
    return SIZES[node.op_type](operands) <= MOST


def evaluate(onnx: Any, node: Any, operands: Operands, opset: int) -> list[Array]:
    """The constants that a node makes."""
    reference = importlib.import_module("onnx.reference")
    given = {name: x for name, x in zip(node.input, operands, strict=True) if x is not None}
    helper = onnx.helper
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in given.items()
    ]
    made = [name for name in node.output if name]
    outputs = [onnx.ValueInfoProto(name=name) for name in made]
    graph = helper.make_graph([node], "constant", infos, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    return [np.asarray(x) for x in reference.ReferenceEvaluator(model).run(None, given)]
