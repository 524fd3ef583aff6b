"""What ``torch.onnx.export`` writes for deformable convolutions, of which torch knows none.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from ..error import ENVIRONMENT, Error

#: The first version of ai.onnx with DeformConv; below it mmcv's operators are written.
OPSET = 19


class _Layer(NamedTuple):
    """Operands of one convolution, as values of whichever exporter, and its attributes."""

    input: Any
    weight: Any
    offset: Any
    mask: Any | None
    bias: Any | None
    stride: list[int]
    padding: list[int]
    dilation: list[int]
    groups: int
    offset_groups: int


def _sizes(value: Any) -> list[Any]:
    """Sizes of a value of either exporter; those that are not known are None."""
    if hasattr(value, "type") and callable(value.type):
        kind = value.type()  # of what is no tensor it knows no sizes
        return list(kind.varyingSizes() or ()) if hasattr(kind, "varyingSizes") else []
    return list(value.shape or ())


def _channels(value: Any, which: str, axis: int) -> int:
    sizes = _sizes(value)
    if len(sizes) != 4 or not isinstance(sizes[axis], int):
        raise Error(ENVIRONMENT, f"export of deform_conv2d: the shape of {which} is not known")
    size: int = sizes[axis]
    return size


def _of_torchvision(operands: tuple[Any, ...], *rest: int) -> _Layer:
    """rest: stride, padding, dilation (h and w of each), groups, offset groups, use_mask."""
    input, weight, offset, mask, bias = operands
    stride, padding, dilation = (list(rest[i : i + 2]) for i in (0, 2, 4))
    used = mask if rest[8] else None
    return _Layer(input, weight, offset, used, bias, stride, padding, dilation, rest[6], rest[7])


def _of_dcngen(operands: tuple[Any, ...], *pairs: Any) -> _Layer:
    """The layer of torch.ops.dcngen.deform_conv2d, whose groups follow from the shapes."""
    input, offset, weight, bias, mask = operands
    taps = _channels(weight, "weight", 2) * _channels(weight, "weight", 3)
    groups = _channels(input, "input", 1) // _channels(weight, "weight", 1)
    of_offset = _channels(offset, "offset", 1) // (2 * taps)
    stride, padding, dilation = map(list, pairs)
    return _Layer(input, weight, offset, mask, bias, stride, padding, dilation, groups, of_offset)


# ---- the exporter of TorchScript ---------------------------------------------------------------


def _zeros(g: Any, weight: Any) -> Any:
    torch = importlib.import_module("torch")
    return g.op("Constant", value_t=torch.zeros(_channels(weight, "weight", 0)))


def _deform_conv(g: Any, a: _Layer) -> Any:
    operands = [a.input, a.weight, a.offset, a.bias or _zeros(g, a.weight)]
    return g.op(
        "DeformConv",
        *operands,
        *([] if a.mask is None else [a.mask]),
        strides_i=a.stride,
        pads_i=a.padding * 2,
        dilations_i=a.dilation,
        group_i=a.groups,
        offset_group_i=a.offset_groups,
    )


def _mmcv(g: Any, a: _Layer) -> Any:
    attributes = {
        "stride_i": a.stride,
        "padding_i": a.padding,
        "dilation_i": a.dilation,
        "groups_i": a.groups,
        "deform_groups_i": a.offset_groups,
    }
    if a.mask is not None:
        bias = a.bias or _zeros(g, a.weight)
        operands = (a.input, a.offset, a.mask, a.weight, bias)
        return g.op("mmcv::MMCVModulatedDeformConv2d", *operands, **attributes)
    y = g.op("mmcv::MMCVDeformConv2d", a.input, a.offset, a.weight, **attributes)
    if a.bias is None:
        return y
    torch = importlib.import_module("torch")
    shape = g.op("Constant", value_t=torch.tensor([1, -1, 1, 1]))
    return g.op("Add", y, g.op("Reshape", a.bias, shape))


def _typed(output: Any, a: _Layer) -> Any:
    """The output with its shape, as far as it is known."""
    pixels = _sizes(a.offset)[2:] or [None, None]
    n, o = (_sizes(a.input) or [None])[0], (_sizes(a.weight) or [None])[0]
    if hasattr(a.input.type(), "with_sizes"):
        output.setType(a.input.type().with_sizes([n, o, *pixels]))
    return output


def _symbolic(
    read: Callable[..., _Layer], write: Callable[[Any, _Layer], Any], kinds: tuple[str, ...]
) -> Callable[..., Any]:
    """What the exporter calls with values of five operands, and attributes of these kinds."""
    helper = importlib.import_module("torch.onnx.symbolic_helper")

    def symbolic(g: Any, *args: Any) -> Any:
        operands = tuple(None if helper._is_none(v) else v for v in args[:5])
        values = (
            helper._get_const(v, kind, "attribute") for v, kind in zip(args[5:], kinds, strict=True)
        )
        layer = read(operands, *(int(v) if isinstance(v, bool) else v for v in values))
        return _typed(write(g, layer), layer)

    return symbolic


_READERS: dict[str, tuple[Callable[..., _Layer], tuple[str, ...]]] = {
    "torchvision::deform_conv2d": (_of_torchvision, ("i",) * 9),
    "dcngen::deform_conv2d": (_of_dcngen, ("is", "is", "is")),
}


# ---- the exporter of torch.export ----------------------------------------------------------------


def _translation(read: Callable[..., _Layer]) -> Callable[..., Any]:
    opset = importlib.import_module("onnxscript").opset19

    def translate(*args: Any) -> Any:
        a = read(args[:5], *args[5:])
        return opset.DeformConv(
            a.input,
            a.weight,
            a.offset,
            a.bias,
            a.mask,
            strides=a.stride,
            pads=a.padding * 2,
            dilations=a.dilation,
            group=a.groups,
            offset_group=a.offset_groups,
        )

    return translate


def _table(torch: Any) -> dict[Any, Callable[..., Any]]:
    try:
        importlib.import_module("onnxscript")
    except ImportError:
        return {}
    table = {}
    for name, (read, _) in _READERS.items():
        namespace, op = name.split("::")
        found = getattr(getattr(torch.ops, namespace), op, None)
        if found is not None:
            table[found.default] = _translation(read)
    return table


def register_export() -> dict[Any, Callable[..., Any]]:
    """Let ``torch.onnx.export`` write torchvision's ``deform_conv2d``, and dcngen's, as ``DeformConv``.

        dcngen.onnx.register_export()
        torch.onnx.export(model, args, "model.onnx", opset_version=19, dynamo=False)

        table = dcngen.onnx.register_export()
        torch.onnx.export(model, args, "model.onnx", custom_translation_table=table)

    With ``opset_version`` below 19, which is all that versions of torch before 2.1 have, mmcv's operators are written, which
    dcngen's execution provider takes, and of which :func:`rewrite` makes ``DeformConv``.

    Returns:
        The ``custom_translation_table`` of the exporter of torch.export; empty where that is not installed (onnxscript).
    """
    try:
        torch = importlib.import_module("torch")
        exporter = importlib.import_module("torch.onnx")
        importlib.import_module("dcngen.torch")
        importlib.import_module("torchvision")
    except ImportError as reason:
        raise Error(ENVIRONMENT, f"torch and torchvision are needed: {reason}") from None
    for name, (read, kinds) in _READERS.items():
        for opset, write in ((9, _mmcv), (OPSET, _deform_conv)):
            symbolic = _symbolic(read, write, kinds)
            exporter.register_custom_op_symbolic(name, symbolic, opset)
    return _table(torch)
