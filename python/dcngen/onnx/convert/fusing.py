"""Layers that are one layer of the language become one.

The language's convolutions and products end in an epilogue: a sum, a residual, an activation; deformable ones take the
logits of their masks. What a model has as nodes of its own goes there, where nobody else reads what lies between.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from .network import Array, Layer, Network, Value
from .nodes import DTYPES

Uses = Counter[Value]
#: A layer may be joined with what it reads; true: it was.
Step = Callable[[Network, Layer, Uses], bool]


def _maker(value: Value | None, *ops: str) -> Layer | None:
    layer = value.layer if value is not None else None
    return layer if layer is not None and layer.op in ops else None


# ---- channels ------------------------------------------------------------------------------------


def _slice_of_slice(net: Network, layer: Layer, uses: Uses) -> bool:
    inner = _maker(layer.inputs[0], "slice") if layer.op == "slice" else None
    if inner is None:
        return False
    begin, start = layer.keys["from"], inner.keys["from"]
    assert isinstance(begin, int) and isinstance(start, int)
    layer.keys["from"] = begin + start
    layer.inputs = inner.inputs
    return True


def _neighbours(a: Value, b: Value) -> Layer | None:
    """The slice that is two slices of one map."""
    one, two = _maker(a, "slice"), _maker(b, "slice")
    if one is None or two is None or one.inputs != two.inputs:
        return None
    begin, count, after = one.keys["from"], one.keys["count"], two.keys["from"]
    more = two.keys["count"]
    assert isinstance(begin, int) and isinstance(count, int) and isinstance(more, int)
    if begin + count != after:
        return None
    return Layer("slice", one.inputs, Value(a.shape), keys={"from": begin, "count": count + more})


def _joined_slices(net: Network, layer: Layer, uses: Uses) -> bool:
    """A concat of what was one map."""
    if layer.op != "concat" or "times" in layer.keys:
        return False
    for i in range(len(layer.inputs) - 1):
        whole = _neighbours(layer.inputs[i], layer.inputs[i + 1])
        if whole is not None:
            source, count = whole.inputs[0], whole.keys["count"]
            assert isinstance(count, int)
            joined = source
            if count != source.shape[3]:
                joined = Value((*source.shape[:3], count), whole)
                whole.out = joined
                net.layers.insert(net.layers.index(layer), whole)
            layer.inputs[i : i + 2] = [joined]
            if len(layer.inputs) == 1:
                net.replace(layer.out, joined)
                net.layers.remove(layer)
            return True
    return False


# ---- masks ---------------------------------------------------------------------------------------


def _scaled_mask(net: Network, layer: Layer, uses: Uses) -> bool:
    """A factor of a mask is modulation_scale."""
    scaled = _maker(layer.operands.get("mask"), "affine") if layer.op == "deform_conv2d" else None
    if scaled is None or layer.keys["modulation"] != "mask":
        return False
    scale, shift = scaled.params["scale"], scaled.params["shift"]
    if scale.ndim or np.any(shift) or not scale:
        return False
    said = layer.keys.get("modulation_scale", 1.0)
    assert isinstance(said, int | float)
    layer.keys["modulation_scale"] = float(said * scale)
    layer.operands["mask"] = scaled.inputs[0]
    return True


def _sigmoid_mask(net: Network, layer: Layer, uses: Uses) -> bool:
    """A sigmoid before a mask is modulation."""
    mask = _maker(layer.operands.get("mask"), "activation") if layer.op == "deform_conv2d" else None
    if mask is None or layer.keys["modulation"] != "mask" or mask.keys["activation"] != "sigmoid":
        return False
    layer.keys["modulation"] = "sigmoid"
    layer.operands["mask"] = mask.inputs[0]
    return True


def _softmax_mask(net: Network, layer: Layer, uses: Uses) -> bool:
    """So is a softmax over the taps."""
    if layer.op not in ("deform_conv2d", "dcnv3") or layer.keys.get("modulation") != "mask":
        return False
    mask = _maker(layer.operands.get("mask"), "softmax")
    groups = layer.keys["groups" if layer.op == "dcnv3" else "offset_groups"]
    if mask is None or mask.keys["taps"] != mask.out.shape[3] // int(str(groups)):
        return False
    layer.keys["modulation"] = "softmax"
    layer.operands["mask"] = mask.inputs[0]
    return True


def _one_offset_mask(net: Network, layer: Layer, uses: Uses) -> bool:
    """Offsets and masks that one layer makes are one operand."""
    if layer.op != "deform_conv2d":
        return False
    offset, mask = (_maker(layer.operands.get(name), "slice") for name in ("offset", "mask"))
    if offset is None or mask is None or offset.inputs != mask.inputs:
        return False
    channels = offset.inputs[0].shape[3]
    cuts = [
        {"from": 0, "count": channels * 2 // 3},
        {"from": channels * 2 // 3, "count": channels // 3},
    ]
    if channels % 3 or [offset.keys, mask.keys] != cuts:
        return False
    layer.operands = {"offset_mask": offset.inputs[0]}
    return True


# ---- epilogues -----------------------------------------------------------------------------------


def _has_weight(layer: Layer | None) -> bool:
    """Whether it is a sum with weights, to which nothing has been done."""
    if layer is None or "activation" in layer.keys or "residual" in layer.operands:
        return False
    return layer.op in ("conv2d", "deform_conv2d", "linear") or "projection" in layer.keys


def _scale_rows(weight: Array, scale: Array) -> Array:
    """Each output's weights times a number, or its own."""
    column = scale if not scale.ndim else scale.reshape(-1, *[1] * (weight.ndim - 1))
    return (weight * column).astype(weight.dtype)


def _affine(net: Network, layer: Layer, uses: Uses) -> bool:
    """A factor and a summand go into the weights before them."""
    maker = layer.inputs[0].layer if layer.op == "affine" else None
    if maker is None or uses[layer.inputs[0]] != 1:
        return False
    scale, shift = layer.params["scale"], layer.params["shift"]
    params = maker.params
    if maker.op == "affine":
        params["scale"] = params["scale"] * scale
        params["shift"] = params["shift"] * scale + shift
    elif maker.op == "layer_norm" and "activation" not in maker.keys:
        for name, more in (("weight", 0.0), ("bias", shift)):
            params[name] = (params[name] * scale + more).astype(params[name].dtype)
    elif _has_weight(maker):
        dtype = params["weight"].dtype
        bias = params.get("bias", np.zeros(maker.out.shape[3])) * scale + shift
        params["weight"] = _scale_rows(params["weight"], scale)
        params.pop("bias", None)
        if np.any(bias):
            params["bias"] = bias.astype(dtype)
    else:
        return False
    net.take_over(maker, layer)
    return True


def _residual(net: Network, layer: Layer, uses: Uses) -> bool:
    """A sum of two maps is an epilogue of the one that is made last."""
    if layer.op != "add" or "activation" in layer.keys:
        return False
    a, b = layer.inputs
    if a.shape != b.shape:
        return False
    ready = [
        v.layer for v in (a, b) if uses[v] == 1 and v.layer is not None and _has_weight(v.layer)
    ]
    if not ready:
        return False
    maker = max(ready, key=net.layers.index)
    maker.operands["residual"] = b if maker.out is a else a
    net.take_over(maker, layer)
    return True


def _activation(net: Network, layer: Layer, uses: Uses) -> bool:
    """An activation is one of the layer before it."""
    maker = layer.inputs[0].layer if layer.op == "activation" else None
    if maker is None or uses[layer.inputs[0]] != 1 or "activation" in maker.keys:
        return False
    if maker.op not in ("add", "layer_norm", "conv2d", "deform_conv2d", "linear") and (
        "projection" not in maker.keys
    ):
        return False
    maker.keys |= layer.keys
    net.take_over(maker, layer)
    return True


def _projection(net: Network, layer: Layer, uses: Uses) -> bool:
    """A product behind a core of DCNv3 or DCNv4 is its projection."""
    core = _maker(layer.inputs[0], "dcnv3", "dcnv4") if layer.op == "linear" else None
    if core is None or uses[core.out] != 1 or "projection" in core.keys:
        return False
    core.keys["projection"] = layer.keys["out_features"]
    core.params, core.name = layer.params, layer.name
    net.take_over(core, layer)
    return True


def _padding(net: Network, layer: Layer, uses: Uses) -> bool:
    """Zeros around the input of a convolution are its padding."""
    pad = _maker(layer.inputs[0], "pad") if layer.op == "conv2d" else None
    if pad is None:
        return False
    own, more = layer.keys["padding"], pad.keys["padding"]
    assert isinstance(own, tuple) and isinstance(more, tuple)
    layer.keys["padding"] = tuple(a + b for a, b in zip(own, more, strict=True))
    layer.inputs = list(pad.inputs)
    return True


# ---- what stays alone ----------------------------------------------------------------------------


def _alone(net: Network, layer: Layer, uses: Uses) -> bool:
    """A factor that went nowhere is a mul; with a summand it is a convolution of each channel with one tap."""
    if layer.op != "affine":
        return False
    channels, dtype = layer.out.shape[3], DTYPES[net.dtype]
    scale, shift = layer.params["scale"], layer.params["shift"]
    if not np.any(shift) and not scale.ndim:
        layer.op, layer.keys, layer.params = "mul", {"scale": float(scale)}, {}
    elif not np.any(shift):
        layer.op, layer.params = "mul", {"weight": scale.astype(dtype)}
    else:
        full = [np.broadcast_to(x, (channels,)).astype(dtype) for x in (scale, shift)]
        layer.op = "conv2d"
        layer.keys = {"out_channels": channels, "kernel_size": (1, 1), "groups": channels}
        layer.params = {"weight": full[0].reshape(-1, 1, 1, 1), "bias": full[1]}
    return True


PASSES: tuple[tuple[Step, ...], ...] = (
    (_slice_of_slice, _joined_slices),
    (_scaled_mask, _sigmoid_mask, _softmax_mask, _one_offset_mask, _padding),
    (_projection,),
    (_affine, _residual, _activation),
    (_alone,),
    (_activation,),
)


def fuse(net: Network) -> None:
    """Join what can be joined; of two ways the first one in PASSES."""
    for steps in PASSES:
        net.tidy()
        uses = net.uses()
        pending = list(net.layers)
        alive = {id(layer) for layer in pending}
        while pending:
            layer = pending.pop(0)
            if id(layer) in alive and any(step(net, layer, uses) for step in steps):
                uses = net.uses()
                alive = {id(kept) for kept in net.layers}
                pending.insert(0, layer)
    net.tidy()
