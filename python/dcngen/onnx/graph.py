"""What is asked of a model's graph: who makes a value, which values are constant, what an attribute is.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import importlib
from typing import Any

from ..error import ENVIRONMENT, Error
from .evaluate import Array, Attributes


def onnx_package() -> Any:
    """The package onnx."""
    try:
        package = importlib.import_module("onnx")
        importlib.import_module("onnx.numpy_helper")
        importlib.import_module("onnx.shape_inference")
        importlib.import_module("onnx.version_converter")
    except ImportError as reason:
        raise Error(ENVIRONMENT, f"onnx cannot be imported: {reason}") from None
    return package


class Graph:
    """The graph of a model, which may be changed by ``replace`` only."""

    def __init__(self, model: Any) -> None:
        self.onnx = onnx_package()
        self.proto = model.graph
        self._index()

    def _index(self) -> None:
        self.producers = {out: node for node in self.proto.node for out in node.output if out}
        self._tensors = {tensor.name: tensor for tensor in self.proto.initializer}
        for node in self.proto.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._tensors[node.output[0]] = node.attribute[0].t
        self.consumers: dict[str, list[Any]] = {}
        for node in self.proto.node:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)

    def constant(self, name: str) -> Array | None:
        """The value, if the model holds it."""
        tensor = self._tensors.get(name)
        return None if tensor is None else self.onnx.numpy_helper.to_array(tensor)

    def attributes(self, node: Any) -> Attributes:
        """All of a node, by name."""
        return {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute}

    def producer(self, name: str, op_type: str) -> Any | None:
        """The node of that type that makes the value, if it is one."""
        node = self.producers.get(name)
        return node if node is not None and node.op_type == op_type else None

    def inside(self, nodes: list[Any], tail: Any) -> set[int]:
        """Nodes, by their id, whose results nobody reads but others of them and the tail."""
        kept = {id(node) for node in nodes}
        outputs = {value.name for value in self.proto.output}
        while True:
            seen = kept | {id(tail)}
            read_elsewhere = {
                id(node)
                for node in nodes
                for name in node.output
                if name in outputs or any(id(u) not in seen for u in self.consumers.get(name, []))
            }
            if not kept & read_elsewhere:
                return kept
            kept -= read_elsewhere

    def replace(self, old: Any, new: list[Any]) -> None:
        """Put new nodes in the place of an old one; then drop what nobody uses any more."""
        nodes = list(self.proto.node)
        at = next(i for i, node in enumerate(nodes) if node is old)
        nodes[at : at + 1] = new
        nodes = _alive(nodes, {value.name for value in self.proto.output})
        used = {name for node in nodes for name in node.input}
        used |= {value.name for value in self.proto.output}
        tensors = [t for t in self.proto.initializer if t.name in used or _in_subgraphs(nodes)]
        gone = {t.name for t in self.proto.initializer} - {t.name for t in tensors}
        # older models list their constants among the inputs
        inputs = [value for value in self.proto.input if value.name not in gone]
        _set(self.proto.node, nodes)
        _set(self.proto.initializer, tensors)
        _set(self.proto.input, inputs)
        self._index()


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _set(field: Any, messages: list[Any]) -> None:
    """Make a repeated field hold these, some of which it may hold now."""
    copies = [_copy(message) for message in messages]
    del field[:]
    field.extend(copies)


def _in_subgraphs(nodes: list[Any]) -> bool:
    """Whether there may be uses that the nodes do not show."""
    return any(a.HasField("g") or a.graphs for node in nodes for a in node.attribute)


def _alive(nodes: list[Any], wanted: set[str]) -> list[Any]:
    if _in_subgraphs(nodes):
        return nodes
    alive = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            alive.append(node)
    return alive[::-1]
