"""Whole models for inference: their deformable layers become dcngen's, and take what follows them along.

A layer changes its class, and nothing else: parameters, buffers, hooks, references and keys of the state_dict stay. Gradients still
work, one operator after another.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import torch
from torch import nn

from . import log
from .fitting import has_hooks
from .layers import (
    DeformConv2d,
    DeformConv2dPack,
    ModulatedDeformConv2dPack,
    gradient_needed,
)
from .modules import DCNv3, DCNv4

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

_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.SiLU: "silu",
    nn.GELU: "gelu",
    nn.ReLU6: "clip",
    nn.Hardswish: "hardswish",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
}

#: The layers that a batch norm and an activation fuse with; subclasses may do something else.
_PACKS = (DeformConv2dPack, ModulatedDeformConv2dPack)


def _activation(module: nn.Module | None) -> str | None:
    """Its name in the spec language; None: there is none."""
    name = _ACTIVATIONS.get(type(module)) if module is not None else None
    if name == "gelu" and getattr(module, "approximate", "none") != "none":
        return None
    return name


def _folded(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Scale and shift that a batch norm is in inference."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    scale = torch.add(variance, norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight
    shift = -mean * scale
    return scale, shift if norm.bias is None else shift + norm.bias


def _is_folding(module: nn.Module | None) -> bool:
    return (
        type(module) is nn.BatchNorm2d and not module.training and module.running_mean is not None
    )


class FusedSequential(nn.Sequential):
    """A Sequential in which a layer takes batch norm and activation that follow it into its kernel, where no gradient
    is needed."""

    def _step(self, parts: list[nn.Module], x: Tensor) -> tuple[Tensor, int]:
        """The result of the first of parts, or of several, and of how many."""
        first = parts[0]
        if type(first) not in _PACKS or gradient_needed(self, x) or not first.fuses(x):
            return first(x), 1
        taken, scale, shift = 1, None, None
        quiet = [None if has_hooks(m) else m for m in parts[1:3]]
        if quiet and _is_folding(quiet[0]):
            scale, shift = _folded(quiet[0])  # type: ignore[arg-type]
            taken = 2
        name = _activation(quiet[taken - 1]) if len(quiet) >= taken else None
        taken += name is not None
        if taken == 1 or has_hooks(first):
            return first(x), 1
        return first.fused(x, scale, shift, name or "none"), taken

    def forward(self, input: Tensor) -> Tensor:
        """As of a Sequential."""
        parts = list(self)
        while parts:
            input, taken = self._step(parts, input)
            parts = parts[taken:]
        return input


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
    if layer in _PACKS:
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


def _layer_of(module: nn.Module) -> type[nn.Module] | None:
    """What the module becomes, if it is one that dcngen has."""
    kind = type(module)
    package = kind.__module__.partition(".")[0]
    layer = _LAYERS.get((kind.__name__, package)) or _LAYERS.get((kind.__name__, ""))
    if package == "dcngen" or layer is None:
        return None
    why = _misfit(module, layer)
    if why is not None:
        log.left(f"optimize, {kind.__module__}.{kind.__qualname__}", why)
        return None
    return layer


def optimize(model: nn.Module) -> nn.Module:
    """Let the deformable layers of a model run as few kernels as they can be; the model itself is changed and returned.

    - torchvision's ``DeformConv2d``, mmcv's ``DeformConv2dPack`` and ``ModulatedDeformConv2dPack``, ``DCNv3``, ``DCNv3_pytorch`` and
      ``DCNv4`` become the classes of that name here: a layer that makes its own offsets is one kernel.
    - In an ``nn.Sequential``, batch norm (in evaluation) and activation behind such a layer go into its kernel.

    A module is left alone, and :func:`explain` says so, if it only has such a name, and not the attributes that belong to it.

    Keys of the state_dict, copying and pickling stay as they are.
    """
    for module in model.modules():
        layer = _layer_of(module)
        if layer is not None:
            module.__class__ = layer
    for module in model.modules():
        if type(module) is nn.Sequential and any(isinstance(m, DeformConv2dPack) for m in module):
            module.__class__ = FusedSequential
    return model
