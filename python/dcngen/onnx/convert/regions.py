"""Pooling of regions, and operators of the language under their own names.

A node of domain ``dcngen`` is one of the language's operators that ONNX has no other node for: its type is the constructor's
name, its attributes are the keys, its operands those of docs/SPEC.md without weights.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .network import Key, Layer, Shape, Value
from .nodes import Node, Operand, refuse
from .views import View

#: Operands of the operators of domain dcngen; rois are a matrix, the others maps in the operator's layout.
OPERANDS = {
    "roi_pool": ("input", "rois"),
    "ps_roi_pool": ("input", "rois"),
    "roi_align": ("input", "rois"),
    "ps_roi_align": ("input", "rois"),
    "deform_roi_pool": ("input", "rois", "offset", "mask"),
    "deform_ps_roi_pool": ("input", "rois", "trans", "mask"),
    "dcnv3": ("input", "offset", "mask"),
    "dcnv4": ("input", "offset_mask"),
}
BOOLEANS = {"aligned", "no_trans", "no_offset", "remove_center"}


def _pooled(
    n: Node,
    op: str,
    size: tuple[int, ...],
    keys: dict[str, Key],
    operands: dict[str, Value],
    channels: int = 0,
) -> list[Operand]:
    """A layer that makes a map of bins for each region."""
    x, rois = n.map(0), operands["rois"]
    if len(size) != 2 or min(size) < 1:
        refuse(f"its regions have {size} bins")
    shape: Shape = (rois.shape[0], size[0], size[1], channels or x.shape[3])
    return [View.of(n.layer(op, [x], shape, keys, None, operands), "nchw")]


def max_roi_pool(n: Node) -> list[Operand]:
    """Maxima over bins of whole pixels, rounded as torchvision does."""
    size = n.integers("pooled_shape", (0, 0))
    keys: dict[str, Key] = {"output_size": size, "spatial_scale": n.number("spatial_scale", 1)}
    keys |= {"mode": "max", "variant": "torchvision"}
    rois = n.map(1, "nc")
    if rois.shape[3] != 5:
        refuse(f"its regions have {rois.shape[3]} numbers, expected 5")
    return _pooled(n, "roi_pool", size, keys, {"rois": rois})


def _part_of(value: Value, begin: int, count: int) -> Value | None:
    """What these columns were cut out of."""
    layer = value.layer
    if (
        isinstance(layer, Layer)
        and layer.op == "slice"
        and layer.keys == {"from": begin, "count": count}
    ):
        return layer.inputs[0]
    return None


def _boxes(n: Node, batch: int) -> tuple[Value, str]:
    """Regions with the index of their image, or without where there is one image only."""
    boxes = n.map(1, "nc")
    if boxes.shape[3] != 4:
        refuse(f"its regions have {boxes.shape[3]} numbers, expected 4")
    images = n.operands[2] if len(n.operands) > 2 else None
    cast = images.value.layer if isinstance(images, View) else None
    if cast is not None and cast.op == "cast":
        rows = _part_of(boxes, 1, 4)
        if rows is not None and rows is _part_of(cast.inputs[0], 0, 1) and rows.shape[3] == 5:
            return rows, "batch_xyxy"
    if batch != 1:
        refuse(
            "the images of its regions are not the first column of what its regions are a part of"
        )
    return boxes, "xyxy"


def roi_align(n: Node) -> list[Operand]:
    """Means, or maxima, of interpolated samples."""
    size = (n.integer("output_height", 1), n.integer("output_width", 1))
    usual = "half_pixel" if n.opset >= 16 else "output_half_pixel"
    rule = n.text("coordinate_transformation_mode", usual)
    mode = {"avg": "average", "max": "max"}.get(n.text("mode", "avg"))
    if rule not in ("half_pixel", "output_half_pixel") or mode is None:
        refuse(f"its modes are {n.text('mode', 'avg')} and {rule}")
    rois, roi_format = _boxes(n, n.map(0).shape[0])
    keys: dict[str, Key] = {"roi_format": roi_format, "output_size": size, "mode": mode}
    keys["spatial_scale"] = n.number("spatial_scale", 1)
    keys["sampling_ratio"] = n.integer("sampling_ratio", 0)
    keys["aligned"] = rule == "half_pixel"
    return _pooled(n, "roi_align", size, keys, {"rois": rois})


def deform_roi_pool(n: Node) -> list[Operand]:
    """mmcv's."""
    size = (n.integer("pooled_height", 0), n.integer("pooled_width", 0))
    keys: dict[str, Key] = {"output_size": size, "gamma": n.number("gamma", 0.1)}
    keys["spatial_scale"] = n.number("spatial_scale", 1)
    keys["sampling_ratio"] = int(n.number("sampling_ratio", 0))
    operands = {"rois": n.map(1, "nc")}
    if n.given(2):
        operands["offset"] = n.map(2)
    else:
        keys["no_offset"] = True
    return _pooled(n, "deform_roi_pool", size, keys, operands)


def _key(name: str, value: object) -> Key:
    """An attribute as a value of the language."""
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        if not text.replace("_", "").isalnum():
            refuse(f"{name} is '{text}'")
        return text
    if isinstance(value, int) and name in BOOLEANS:
        return bool(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        return tuple(value)
    return refuse(f"{name} is neither a number nor a text")


def _pair(value: object) -> tuple[int, int]:
    if isinstance(value, tuple) and len(value) == 2:
        return value
    return (value, value) if isinstance(value, int) else refuse("a size is no number and no pair")


def _channels(n: Node, keys: dict[str, Key], size: tuple[int, int]) -> int:
    """Channels of what a region becomes."""
    channels = n.map(0).shape[3]
    if "ps_" not in n.op:
        return channels
    group = _pair(keys.get("group_size", size))
    dim = keys.get("output_dim", channels // (group[0] * group[1]))
    return dim if isinstance(dim, int) else refuse("output_dim is no integer")


def by_name(n: Node) -> list[Operand]:
    """An operator of domain dcngen on regions."""
    keys = {name: _key(name, value) for name, value in n.a.items()}
    operands = {
        name: n.map(i, "nc" if name == "rois" else "nchw")
        for i, name in enumerate(OPERANDS[n.op])
        if i and n.given(i)
    }
    size = _pair(keys.get("output_size", keys.get("pooled_size")))
    return _pooled(n, n.op, size, keys, operands, _channels(n, keys, size))


def core_by_name(n: Node) -> list[Operand]:
    """dcnv3 or dcnv4 of domain dcngen, whose maps are nhwc."""
    keys = {name: _key(name, value) for name, value in n.a.items()}
    names = OPERANDS[n.op]
    operands = {name: n.map(i, "nhwc") for i, name in enumerate(names) if i and n.given(i)}
    x, taps = n.map(0, "nhwc"), operands[names[1]]
    out = n.layer(n.op, [x], (*taps.shape[:3], x.shape[3]), keys, None, operands)
    return [View.of(out, "nhwc")]


HANDLERS: dict[tuple[str, str], Callable[[Node], Sequence[Operand]]] = {
    ("", "MaxRoiPool"): max_roi_pool,
    ("", "RoiAlign"): roi_align,
    ("mmcv", "MMCVDeformRoIPool"): deform_roi_pool,
    ("mmdeploy", "MMCVDeformRoIPool"): deform_roi_pool,
    **{("dcngen", op): core_by_name if op.startswith("dcn") else by_name for op in OPERANDS},
}
