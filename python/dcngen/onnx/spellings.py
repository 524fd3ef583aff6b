"""Deformable convolutions that are one node, yet not as ai.onnx has it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

from .graph import Graph, onnx_package

DOMAINS = ("mmcv", "mmdeploy")
#: Where DeformConv's inputs (map, weight, offset, bias, mask) are among those of mmcv's operators.
ORDER = {
    "MMCVModulatedDeformConv2d": (0, 3, 1, 4, 2),
    "MMCVDeformConv2d": (0, 2, 1, None, None),
}


def exported_by_mmcv(node: Any) -> bool:
    """Whether it is a deformable convolution of mmcv or mmdeploy."""
    return node.domain in DOMAINS and node.op_type in ORDER


def _pads(padding: list[int], modulated: bool) -> list[int]:
    """Top, left, bottom, right. Four numbers of mmdeploy's unmodulated operator are of both sides of each axis."""
    if len(padding) == 2:
        return padding * 2
    return padding if modulated else [padding[i] for i in (0, 2, 1, 3)]


def from_mmcv(g: Graph, node: Any) -> Any:
    """mmcv's node as ONNX's DeformConv."""
    a = g.attributes(node)
    given = list(node.input)
    inputs = [given[i] if i is not None and i < len(given) else "" for i in ORDER[node.op_type]]
    while not inputs[-1]:
        inputs.pop()
    return g.onnx.helper.make_node(
        "DeformConv",
        inputs,
        list(node.output),
        name=node.name,
        strides=a.get("stride", [1, 1]),
        pads=_pads(a.get("padding", [0, 0]), "Modulated" in node.op_type),
        dilations=a.get("dilation", [1, 1]),
        group=a.get("groups", 1),
        offset_group=a.get("deform_groups", a.get("deformable_groups", 1)),
    )


def _lost_groups(g: Graph, channels: dict[str, int], node: Any) -> int:
    """How many offset groups there are; 1 also where that is not known."""
    if node.op_type != "DeformConv" or node.domain not in ("", "ai.onnx"):
        return 1
    weight = g.constant(node.input[1])
    if weight is None:
        return 1
    said = g.attributes(node).get("offset_group", 1)
    taps = weight.shape[2] * weight.shape[3]
    groups, rest = divmod(channels.get(node.input[2], 0), 2 * taps)
    return groups if said == 1 and groups > 1 and rest == 0 else 1


def with_offset_groups(model: Any) -> Any:
    """The model, or a copy in which each DeformConv says how many offset groups the channels of its offset are.

    An exporter of Paddle's models loses the attribute.
    """
    if not any(node.op_type == "DeformConv" for node in model.graph.node):
        return model
    onnx = onnx_package()
    copy = type(model)()
    copy.CopyFrom(model)
    inferred = onnx.shape_inference.infer_shapes(model).graph
    channels = {
        value.name: value.type.tensor_type.shape.dim[1].dim_value
        for value in [*inferred.input, *inferred.value_info]
        if len(value.type.tensor_type.shape.dim) == 4
    }
    g, changed = Graph(copy), False
    for node in copy.graph.node:
        groups = _lost_groups(g, channels, node)
        if groups > 1:
            kept = [a for a in node.attribute if a.name != "offset_group"]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute("offset_group", groups)])
            changed = True
    return copy if changed else model
