"""Models with ``DeformConv`` in OpenVINO, which cannot read them by itself, on the CPU.

    import dcngen.openvino, openvino
    core = openvino.Core()
    dcngen.openvino.register(core)
    compiled = core.compile_model("model.onnx", "CPU")

Each deformable convolution is one operator, on dcngen's threads; its weights are packed once (as in :func:`dcngen.deform_conv2d`).

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from . import _arrays, plans
from .error import ENVIRONMENT, Error, wrong
from .functions import run

#: Attributes of a node of ONNX by what they are if they are not there.
_DEFAULTS: dict[str, list[int]] = {
    "strides": [1, 1],
    "pads": [0, 0, 0, 0],
    "dilations": [1, 1],
}

#: group, offset_group, and kernel_shape, which may be left out.
Stated = tuple[int, int, tuple[int, ...]]

_class: Any = None


def _agree(stated: Stated, shapes: list[Any]) -> None:
    """An error, unless the shapes of input, weight and offset are what the node states. An offset_group of 1 may be one that an
    exporter lost."""
    group, offset_group, kernel = stated
    map, weight, offset = (tuple(shape) for shape in shapes)
    if kernel not in ((), weight[2:]):
        wrong(f"DeformConv: kernel_shape = {kernel}, and that of the weight is {weight[2:]}")
    if map[1] != group * weight[1]:
        wrong(f"DeformConv: group = {group}, input has {map[1]} channels and weight {weight[1]}")
    channels = 2 * offset_group * weight[2] * weight[3]
    if offset_group != 1 and offset[1] != channels:
        wrong(
            f"DeformConv: offset_group = {offset_group}, expected an offset of {channels} channels, it has {offset[1]}"
        )


def _convolution(pairs: tuple[int, ...]) -> plans.Convolution:
    """From strides, four pads and dilations."""
    return plans.Convolution(pairs[:2], pairs[2:6], pairs[6:8])  # type: ignore[arg-type]


def _compute(
    output: Any, operands: list[Any], pairs: tuple[int, ...], has: tuple[bool, ...]
) -> None:
    """Write the output; has: whether there is a bias, and a mask."""
    names = ["input", "weight", "offset", *(["bias"] * has[0]), *(["mask"] * has[1])]
    arrays = dict(zip(names, operands, strict=True))
    dtype = _arrays.F64 if arrays["input"].dtype == _arrays.F64 else _arrays.F32
    arrays = {name: _arrays.dense(a, dtype, name) for name, a in arrays.items()}
    shapes = {name: a.shape for name, a in arrays.items()}
    plan = plans.deform_conv2d(
        "f64" if dtype == _arrays.F64 else "f32",
        shapes["input"],
        shapes["weight"],
        shapes["offset"],
        shapes.get("mask"),
        shapes.get("bias"),
        _convolution(pairs),
        0,
    )
    run(plan, arrays, dtype, output)


def _make_class(ov: Any) -> Any:
    """The operator, a class of OpenVINO's, which is imported only here."""

    class DcngenDeformConv(ov.Op):  # type: ignore[misc]
        """Inputs: map, weight, offset, then bias and mask, if they are there."""

        def __init__(
            self,
            inputs: Any = None,
            pairs: tuple[int, ...] = (),
            has: tuple[bool, ...] = (),
            stated: Stated = (1, 1, ()),
        ) -> None:
            super().__init__(self)
            self.pairs, self.has, self.stated = pairs, has, stated
            if inputs is not None:
                self.set_arguments(inputs)
                self.constructor_validate_and_infer_types()

        def validate_and_infer_types(self) -> None:
            map, weight, offset = (self.get_input_partial_shape(i) for i in range(3))
            if any(len(shape) != 4 for shape in (map, weight, offset)):
                wrong("DeformConv: operands have other than 4 dimensions")
            shape = ov.PartialShape([map[0], weight[0], offset[2], offset[3]])
            self.set_output_type(0, self.get_input_element_type(0), shape)

        def clone_with_new_inputs(self, inputs: Any) -> Any:
            return DcngenDeformConv(inputs, self.pairs, self.has, self.stated)

        def visit_attributes(self, visitor: Any) -> bool:
            return True

        def has_evaluate(self) -> bool:
            return True

        def evaluate(self, outputs: Any, inputs: Any) -> bool:
            a, w, o = shapes = [inputs[i].shape for i in range(3)]
            _agree(self.stated, shapes)
            outputs[0].shape = ov.Shape([a[0], w[0], o[2], o[3]])
            _compute(outputs[0].data, [t.data for t in inputs], self.pairs, self.has)
            return True

    return DcngenDeformConv


def _ints(node: Any, name: str, default: list[int]) -> list[int]:
    """An attribute with as many numbers as its default has."""
    values = [int(v) for v in node.get_attribute(name, default)]
    if len(values) != len(default):
        wrong(f"DeformConv: {name} = {values}, expected {len(default)} numbers")
    return values


def _converter(operator: Any) -> Callable[[Any], Any]:
    """From a node of ONNX; an input that is left out has the name of a node without outputs."""

    def convert(node: Any) -> Any:
        n = node.get_input_size()
        given = [node.get_input(i) for i in range(n)]
        there = [value.get_node().get_type_name() != "NullNode" for value in given]
        pairs = tuple(v for k, d in _DEFAULTS.items() for v in _ints(node, k, d))
        kernel = tuple(int(k) for k in node.get_attribute("kernel_shape", []))
        stated = node.get_attribute("group", 1), node.get_attribute("offset_group", 1), kernel
        has = (n > 3 and there[3], n > 4 and there[4])
        operands = [value for value, is_there in zip(given, there, strict=True) if is_there]
        return operator(operands, pairs, has, stated).outputs()

    return convert


def register(core: Any) -> None:
    """Let models with DeformConv be read and run by this ``openvino.Core``.

    Offset groups are those that the shapes of the operands make, where the node says 1 or nothing.
    """
    global _class
    try:
        ov = importlib.import_module("openvino")
        frontend = importlib.import_module("openvino.frontend.onnx")
    except ImportError as reason:
        raise Error(ENVIRONMENT, f"openvino cannot be imported: {reason}") from None
    if not isinstance(core, ov.Core):
        wrong(f"register: the core is a {type(core).__name__}, expected an openvino.Core")
    _class = _class or _make_class(ov)
    core.add_extension(_class)
    core.add_extension(frontend.ConversionExtension("DeformConv", _converter(_class)))
