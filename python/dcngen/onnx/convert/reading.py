"""A model read node by node: tensors become constants or views of maps, nodes become layers.

What cannot be one is collected, so that one error names all of it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...error import SPEC, Error
from ..graph import Graph, onnx_package
from ..spellings import exported_by_mmcv, from_mmcv
from . import arithmetic, cores, norms, operators, regions, shaping
from .activations import Finder
from .constants import can_evaluate, evaluate
from .network import AXES, Array, Input, Network, Output, Value
from .nodes import Handler, Node, Operand, RefusedError, Special, is_map
from .views import MixedError, View

#: By domain and type; ai.onnx is "".
HANDLERS: dict[tuple[str, str], Handler] = {
    **{
        ("", op): f
        for table in (operators, shaping, arithmetic, norms)
        for op, f in table.HANDLERS.items()
    },
    **regions.HANDLERS,
    **cores.HANDLERS,
}
#: What a handler, or numpy in it, may raise when a model is not what its operators ask for.
MALFORMED = (
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
)
ELEMENTS = {1: "f32", 11: "f64"}
Shapes = Mapping[str, Sequence[int]]


def _domain(node: Any) -> str:
    return "" if node.domain == "ai.onnx" else str(node.domain)


def _kind(node: Any) -> tuple[str, str]:
    return _domain(node), str(node.op_type)


def first_line(reason: Exception) -> str:
    """What an exception of another library says."""
    return next(iter(str(reason).strip().splitlines()), type(reason).__name__)


def module_path(name: str) -> str:
    """``layer1.0.conv1`` of the ``/layer1/layer1.0/conv1/Conv`` that PyTorch writes; of others without what no name has."""
    parts: list[str] = []
    scopes = [part for part in name.split("/") if part]
    for part in scopes[:-1] if name.startswith("/") else scopes:
        if parts and part.startswith(parts[-1].split("/")[-1] + "."):
            parts[-1] = part
        else:
            parts.append(part)
    clean = re.sub(r"[^A-Za-z0-9_.]", "_", ".".join(parts))
    return ".".join(word for word in clean.split(".") if word)


class Reader:
    """A network from a model."""

    def __init__(self, model: Any, shapes: Shapes) -> None:
        self.onnx = onnx_package()
        self.g = Graph(model)
        self.opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
        self.env: dict[str, Operand] = {}
        self.faults: list[str] = []
        self.lost: set[str] = set()  # what nodes make, and would have made
        self.constants: dict[str, Array] = {}
        self._hold_constants()
        self.net = Network(self._dtype())
        self._inputs(shapes)
        self.norms = norms.Finder(self.g, self.constants)
        self.activations = Finder(self.g, self.constants)
        self.cores = cores.Finder(self.g, self.constants)
        self.covered = self.norms.covered | self.activations.covered | self.cores.covered

    # ---- constants and inputs ------------------------------------------------------------------

    def _hold_constants(self) -> None:
        """Holds the constants of the model, and what nodes make of nothing else."""
        for tensor in self.g.proto.initializer:
            self.constants[tensor.name] = self._array(tensor)
        for node in self.g.proto.node:
            if node.op_type == "Constant" and _domain(node) == "":
                self.constants[node.output[0]] = self._of_constant(node)
            elif node.input and all(not n or n in self.constants for n in node.input):
                self._evaluate(node, [self.constants.get(n) for n in node.input])
        self.env.update(self.constants)

    def _array(self, tensor: Any) -> Array:
        try:
            array: Array = self.onnx.numpy_helper.to_array(tensor)
        except Exception as reason:
            raise Error(SPEC, f"constant '{tensor.name}': {first_line(reason)}") from None
        return array

    def _of_constant(self, node: Any) -> Array:
        (attribute,) = node.attribute
        value = self.onnx.helper.get_attribute_value(attribute)
        if attribute.name == "value":
            return self._array(value)
        floats = attribute.name in ("value_float", "value_floats")
        integers = attribute.name in ("value_int", "value_ints")
        return np.asarray(value, np.float32 if floats else np.int64 if integers else None)

    def _evaluate(self, node: Any, operands: Sequence[Array | None]) -> bool:
        try:
            if not can_evaluate(node, operands):
                return False
            arrays = evaluate(self.onnx, node, operands, self.opset)
        except Exception:  # whatever the reference finds wrong with it
            return False
        made = [name for name in node.output if name]
        self.constants.update(zip(made, arrays, strict=True))
        self.env.update(zip(made, arrays, strict=True))
        return True

    def _given(self) -> Iterator[Any]:
        return (value for value in self.g.proto.input if value.name not in self.constants)

    def _dtype(self) -> str:
        kinds = {value.type.tensor_type.elem_type for value in self._given()}
        kinds &= {1, 10, 11, 16}
        if len(kinds) != 1 or not kinds <= ELEMENTS.keys():
            names = ", ".join(self.onnx.TensorProto.DataType.Name(k).lower() for k in sorted(kinds))
            raise Error(
                SPEC, f"inputs are of {names or 'no floating type'}, expected float or double"
            )
        return ELEMENTS[kinds.pop()]

    def _shape(self, value: Any, shapes: Shapes) -> list[int]:
        if value.name in shapes:
            given = [int(n) for n in shapes[value.name]]
            if min(given, default=0) < 1:
                raise Error(SPEC, f"shape of '{value.name}': {given}, expected 1 or more each")
            return given
        dims = value.type.tensor_type.shape.dim
        shape = [int(d.dim_value) if d.HasField("dim_value") else -1 for d in dims]
        if len(dims) and shape[0] < 0:
            shape[0] = 1  # one picture, where the model leaves it open
        if min(shape, default=0) < 1:
            said = [d.dim_param or (n if n >= 0 else "?") for d, n in zip(dims, shape, strict=True)]
            text = ", ".join(map(str, said))
            raise Error(SPEC, f"input '{value.name}' has shape [{text}]: give its sizes as shape")
        return shape

    def _inputs(self, shapes: Shapes) -> None:
        for name in shapes:
            if name not in {value.name for value in self._given()}:
                known = ", ".join(value.name for value in self._given())
                raise Error(SPEC, f"shape of '{name}': the model's inputs are {known}")
        for value in self._given():
            self._input(value, self._shape(value, shapes))

    def _input(self, value: Any, shape: list[int]) -> None:
        if value.type.tensor_type.elem_type not in ELEMENTS:
            self.env[value.name] = None  # images of regions; whoever reads it refuses it otherwise
            return
        order = {4: self._order(value.name), 2: "nc"}.get(len(shape), "")
        if not order:
            raise Error(SPEC, f"input '{value.name}' has shape {shape}, expected 4 sizes or 2")
        sizes = dict(zip(order, shape, strict=True))
        n, h, w, c = (sizes.get(letter, 1) for letter in AXES)
        made = Value((n, h, w, c))
        if not is_map(made.shape):
            raise Error(SPEC, f"input '{value.name}' has shape {shape}, which is too large")
        self.net.inputs.append(Input(value.name, made, len(shape), order))
        self.env[value.name] = View.of(made, order)

    def _order(self, name: str) -> str:
        """nhwc where all that happens to an input is that its channels are put first."""
        users = self.g.consumers.get(name, [])
        first = [
            user.op_type == "Transpose" and self.g.attributes(user).get("perm") == [0, 3, 1, 2]
            for user in users
        ]
        return "nhwc" if first and all(first) else "nchw"

    # ---- nodes ---------------------------------------------------------------------------------

    def read(self) -> Network:
        """All of it."""
        for position, node in enumerate(self.g.proto.node):
            if id(node) in self.covered or all(n in self.constants for n in node.output if n):
                continue
            self._node(position, node)
        self.raise_faults()
        self._outputs()
        return self.net

    def fault(self, position: int, node: Any, why: str) -> None:
        """A node without a counterpart."""
        name = node.name or (node.output[0] if node.output else "")
        op = f"{node.domain}::{node.op_type}" if _domain(node) else node.op_type
        self.faults.append(f"#{position} '{name}' {op} ({why})")

    def raise_faults(self) -> None:
        """The error that names all of them."""
        if self.faults:
            n = len(self.faults)
            nodes = f"{n} nodes have" if n > 1 else "a node has"
            raise Error(SPEC, f"{nodes} no counterpart in the language: {'; '.join(self.faults)}")

    def _node(self, position: int, proto: Any) -> None:
        if exported_by_mmcv(proto):
            proto = from_mmcv(self.g, proto)
        operands = [self.env.get(name) if name else None for name in proto.input]
        arrays = [x for x in operands if not isinstance(x, View)]
        if proto.input and len(arrays) == len(operands) and self._evaluate(proto, arrays):
            return
        special = self._special(proto)
        handler = special.handler if special else HANDLERS.get(_kind(proto))
        sources = special.sources if special else [name for name in proto.input if name]
        unknown = [name for name in sources if name not in self.env]
        self.lost.update(proto.output)
        if handler is None:
            self.fault(position, proto, "no layer of this type")
        elif not unknown:
            try:
                self._convert(position, proto, handler, operands)
            except (RefusedError, MixedError) as why:
                self.fault(position, proto, str(why))
            except MALFORMED as reason:
                self.fault(position, proto, f"malformed: {first_line(reason)}")
        elif unknown[0] not in self.lost:  # else the fault is that of another node
            self.fault(position, proto, f"it reads '{unknown[0]}', which nothing before it makes")

    def _special(self, proto: Any) -> Special | None:
        """What takes a node that is the last of several which are one layer."""
        name = proto.output[0] if proto.output else ""
        for found in (self.cores.found, self.norms.found, self.activations.found):
            if name in found:
                return found[name].special(self.env)
        return None

    def _convert(
        self, position: int, proto: Any, handler: Handler, operands: list[Operand]
    ) -> None:
        node = Node(self.net, proto, self.g.attributes(proto), operands)
        node.opset, node.position = self.opset, position
        node.name = self._name(proto)
        results = handler(node)
        for name, result in zip(proto.output, results, strict=False):
            if name:
                self.env[name] = result
                if isinstance(result, np.ndarray):
                    self.constants[name] = result
        self._unread(proto, len(results))

    def _unread(self, proto: Any, made: int) -> None:
        """Further results, that no layer has, must not be read."""
        outputs = {value.name for value in self.g.proto.output}
        for name in proto.output[made:]:
            if name and (name in outputs or self.g.consumers.get(name)):
                raise RefusedError(f"its result '{name}' is read")

    def _name(self, proto: Any) -> str:
        """The layer's name: where PyTorch keeps its weight, else the node's."""
        for name in proto.input[1:]:
            if name in self.constants and name.endswith(".weight"):
                return module_path(name[: -len(".weight")])
        return module_path(proto.name)

    # ---- the end -------------------------------------------------------------------------------

    def _outputs(self) -> None:
        if not self.g.proto.output:
            raise Error(SPEC, "the model has no outputs")
        inputs = {value.name for value in self.g.proto.input}
        for value in self.g.proto.output:
            view = self.env.get(value.name)
            if value.name in inputs:
                raise Error(SPEC, f"output '{value.name}' is an input; nothing is computed")
            if not isinstance(view, View):
                raise Error(SPEC, f"output '{value.name}' is made of no input")
            orders = {4: ("nchw", "nhwc"), 2: ("nc",)}.get(len(view.dims), ())
            order = next((o for o in orders if view.is_order(o)), None)
            if order is None:
                raise Error(
                    SPEC,
                    f"output '{value.name}', of {list(view.shape)}, is no map in nchw or nhwc, and no matrix",
                )
            self.net.outputs.append(Output(value.name, view.value, order))
