"""Other spellings of deformable convolutions become ``DeformConv``.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

from ..error import SPEC, Error, wrong
from .decomposed import Found, match, prove
from .graph import Graph, onnx_package
from .spellings import exported_by_mmcv, from_mmcv, with_offset_groups

#: The first version of ai.onnx with DeformConv.
OPSET = 19


def _deform_conv(g: Graph, found: Found) -> None:
    helper = g.onnx.helper
    last, nodes, bias = found.last, [], ""
    if found.bias is not None:
        bias = f"{last.output[0]}_bias"
        tensor = g.onnx.numpy_helper.from_array(found.bias, bias)
        nodes.append(helper.make_node("Constant", [], [bias], value=tensor))
    inputs = [found.input, found.weight, found.offset, bias, found.mask or ""]
    while not inputs[-1]:
        inputs.pop()
    nodes.append(
        helper.make_node(
            "DeformConv",
            inputs,
            [last.output[0]],
            name=last.name,
            strides=found.stride,
            pads=found.padding * 2,
            dilations=found.dilation,
            group=found.groups,
            offset_group=found.offset_groups,
        )
    )
    g.replace(last, nodes)


def _at_opset(model: Any) -> Any:
    """A model in which DeformConv may stand."""
    onnx = onnx_package()
    version = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    if version >= OPSET:
        copy = type(model)()
        copy.CopyFrom(model)
        return copy
    try:
        return onnx.version_converter.convert_version(model, OPSET)
    except Exception as reason:
        text = str(reason).strip().splitlines()[0]
        raise Error(
            SPEC, f"the model's operators of version {version} cannot be brought to {OPSET}: {text}"
        ) from None


def _spelled_otherwise(g: Graph) -> bool:
    return any(match(g, node) or exported_by_mmcv(node) for node in g.proto.node)


def rewrite(model: Any) -> Any:
    """Put a DeformConv in the place of each deformable convolution that is spelled otherwise.

    Those are what ``deform_conv2d_onnx_exporter`` writes as some fifty nodes with GatherND or GatherElements; the
    operators of mmcv and mmdeploy; and DeformConv without the ``offset_group`` that its offset shows. The first are
    replaced only where they were seen to compute the same of random operands of the model's own sizes, which takes as
    much memory as to run them. If the model has an older version of ai.onnx than 19, which brought DeformConv, all of it is
    converted to that one.

    Args:
        model: An ``onnx.ModelProto``, which is not changed.

    Returns:
        A new model, or this one if nothing was replaced.
    """
    if not isinstance(model, onnx_package().ModelProto):
        wrong(f"rewrite: the model is a {type(model).__name__}, expected an onnx.ModelProto")
    g = Graph(model)
    if not _spelled_otherwise(g):
        return with_offset_groups(model)
    new, replaced = _at_opset(model), False
    g = Graph(new)
    for name in [node.output[0] for node in g.proto.node]:
        node = g.producers.get(name)
        found = match(g, node) if node is not None else None
        if found is not None and prove(g, found):
            _deform_conv(g, found)
            replaced = True
        elif node is not None and exported_by_mmcv(node):
            g.replace(node, [from_mmcv(g, node)])
            replaced = True
    return with_offset_groups(new if replaced else model)
