"""Whole models for inference: their deformable layers become dcngen's, and take what follows them along.

A layer changes its class, and nothing else: parameters, buffers, hooks, references and keys of the state_dict stay. Gradients still
work, one operator after another.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import torch
from torch import nn

from ..error import wrong
from . import log, tracing
from .layers import DeformConv2d, DeformConv2dPack, ModulatedDeformConv2dPack
from .modules import DCNv3, DCNv4
from .sequence import PACKS, FusedSequential

Tensor = torch.Tensor

#: By the name of a class, and a package that it comes from ("": any).
_LAYERS: dict[tuple[str, str], type[nn.Module]] = {
    ("DeformConv2d", "torchvision"): DeformConv2d,
    ("DeformConv2dPack", "mmcv"): DeformConv2dPack,
    ("ModulatedDeformConv2dPack", "mmcv"): ModulatedDeformConv2dPack,
    ("DCNv3", ""): DCNv3,
    ("DCNv3_pytorch", ""): DCNv3,
    ("DCNv4", ""): DCNv4,
}

_Types = dict[str, tuple[type, ...]]
_SIZE = (int, tuple, list)
_CONVOLUTION: _Types = {
    "weight": (Tensor,), "stride": _SIZE, "padding": _SIZE, "dilation": _SIZE,
}  # fmt: skip
_PACK: _Types = {
    **_CONVOLUTION, "groups": (int,), "deform_groups": (int,), "conv_offset": (nn.Module,),
}  # fmt: skip
_AGGREGATION: _Types = {
    **dict.fromkeys(("channels", "kernel_size", "stride", "pad", "dilation", "group"), (int,)),
    "offset_scale": (int, float),
    "center_feature_scale": (bool, int),
}
_SHARE: _Types = dict.fromkeys(
    ("center_feature_scale_proj_weight", "center_feature_scale_proj_bias"), (Tensor,)
)
#: What may also be missing.
_OPTIONAL: tuple[tuple[str, tuple[type, ...], object], ...] = (
    ("bias", (Tensor, type(None)), None),
    ("remove_center", (int,), 0),
)


def _attributes(module: nn.Module, layer: type[nn.Module]) -> _Types:
    """What the layer reads of the module, and the types it has."""
    if layer is DeformConv2d:
        return _CONVOLUTION
    if layer in PACKS:
        return _PACK
    share = _SHARE if getattr(module, "center_feature_scale", False) else {}
    if layer is DCNv3:
        parts = ("dw_conv", "offset", "mask", "input_proj", "output_proj")
        return {**_AGGREGATION, **dict.fromkeys(parts, (nn.Module,)), **share}
    depthwise = ("offset_mask_dw",) if getattr(module, "dw_kernel_size", None) is not None else ()
    pointwise = () if getattr(module, "without_pointwise", False) else ("value_proj", "output_proj")
    parts = ("offset_mask", *depthwise, *pointwise)
    read: _Types = {"dw_kernel_size": (int, type(None)), "without_pointwise": (bool, int)}
    return {**_AGGREGATION, **read, **dict.fromkeys(parts, (nn.Module,)), **share}


def _misfit(module: nn.Module, layer: type[nn.Module]) -> str | None:
    """Why it is not what dcngen's class of that name is."""
    for name, types in _attributes(module, layer).items():
        if not hasattr(module, name):
            return f"has no {name}"
        value = getattr(module, name)
        if not isinstance(value, types):
            names = " or ".join(t.__name__ for t in types)
            return f"{name} is a {type(value).__name__}, expected {names}"
    for name, types, default in _OPTIONAL:
        if not isinstance(getattr(module, name, default), types):
            return f"{name} is a {type(getattr(module, name)).__name__}"
    if getattr(module, "transposed", False) or getattr(module, "padding_mode", "zeros") != "zeros":
        return "it is transposed, or padding_mode is not zeros"
    parts = module.dw_conv.modules() if layer is DCNv3 else ()
    if layer is DCNv3 and not any(isinstance(m, nn.LayerNorm) for m in parts):
        return "dw_conv has no LayerNorm"
    return None


def _misplaced(module: nn.Module, layer: type[nn.Module]) -> str | None:
    """Why its offsets are not those of the pixels on which its kernel stands, as dcngen's are."""
    if layer not in (DCNv3, DCNv4) or module.stride == 1:
        return None
    return f"stride = {module.stride}: its offsets belong to the pixels of the input"


def _layer_of(module: nn.Module) -> type[nn.Module] | None:
    """What the module becomes, if it is one that dcngen has."""
    kind = type(module)
    package = kind.__module__.partition(".")[0]
    layer = _LAYERS.get((kind.__name__, package)) or _LAYERS.get((kind.__name__, ""))
    if package == "dcngen" or layer is None:
        return None
    why = _misfit(module, layer) or _misplaced(module, layer)
    if why is not None:
        log.left(f"optimize, {kind.__module__}.{kind.__qualname__}", why)
        return None
    return layer


def optimize(model: nn.Module) -> nn.Module:
    """Let the deformable layers of a model run as few kernels as they can be; the model itself is changed and returned.

    - torchvision's ``DeformConv2d``, mmcv's ``DeformConv2dPack`` and ``ModulatedDeformConv2dPack``, ``DCNv3``, ``DCNv3_pytorch`` and
      ``DCNv4`` become the classes of that name here: a layer that makes its own offsets is one kernel.
    - In an ``nn.Sequential``, batch norm (in evaluation) and activation behind such a layer go into its kernel.
    - So they do in a ``forward`` of the model's own, if torch.fx can trace it, and the trace shows that nothing else reads what the
      layer computes. Such a module keeps its class as a base, and runs its own ``forward``.

    A module is left alone, and :func:`explain` says so, if it only has such a name, and not the attributes that belong to it; so is
    a ``DCNv3`` or ``DCNv4`` with a stride, whose offsets belong to other pixels than those of the classes here.

    Keys of the state_dict, copying and pickling stay as they are.
    """
    if not isinstance(model, nn.Module):
        wrong(f"optimize: the model is a {type(model).__name__}, expected a torch.nn.Module")
    for module in model.modules():
        layer = _layer_of(module)
        if layer is not None:
            module.__class__ = layer
    for module in model.modules():
        if type(module) is nn.Sequential and any(isinstance(m, DeformConv2dPack) for m in module):
            module.__class__ = FusedSequential
    tracing.fold(model)
    return model
