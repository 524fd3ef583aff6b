"""Whole models for inference: their deformable layers become dcngen's, and take what follows them along.

A layer changes its class, and nothing else: parameters, buffers, hooks, references and keys of the state_dict stay. Gradients still
work, one operator after another.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import torch
from torch import nn

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
}


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


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or module._backward_hooks)


class FusedSequential(nn.Sequential):
    """A Sequential in which a layer takes batch norm and activation that follow it into its kernel, where no gradient
    is needed."""

    def _step(self, parts: list[nn.Module], x: Tensor) -> tuple[Tensor, int]:
        """The result of the first of parts, or of several, and of how many."""
        first = parts[0]
        if not isinstance(first, DeformConv2dPack) or gradient_needed(self, x) or not len(x):
            return first(x), 1
        taken, scale, shift = 1, None, None
        quiet = [None if _has_hooks(m) else m for m in parts[1:3]]
        if quiet and _is_folding(quiet[0]):
            scale, shift = _folded(quiet[0])  # type: ignore[arg-type]
            taken = 2
        name = _activation(quiet[taken - 1]) if len(quiet) >= taken else None
        taken += name is not None
        if taken == 1 or _has_hooks(first):
            return first(x), 1
        return first.fused(x, scale, shift, name or "none"), taken

    def forward(self, input: Tensor) -> Tensor:
        """As of a Sequential."""
        parts = list(self)
        while parts:
            input, taken = self._step(parts, input)
            parts = parts[taken:]
        return input


def _fits(module: nn.Module) -> bool:
    """Whether its attributes are those that dcngen's class knows."""
    if getattr(module, "transposed", False) or getattr(module, "padding_mode", "zeros") != "zeros":
        return False
    norm = getattr(module, "dw_conv", None)
    return norm is None or any(isinstance(m, nn.LayerNorm) for m in norm.modules())


def _layer_of(module: nn.Module) -> type[nn.Module] | None:
    kind = type(module)
    package = kind.__module__.partition(".")[0]
    if package == "dcngen" or not _fits(module):
        return None
    return _LAYERS.get((kind.__name__, package)) or _LAYERS.get((kind.__name__, ""))


def optimize(model: nn.Module) -> nn.Module:
    """Let the deformable layers of a model run as few kernels as they can be; the model itself is changed and returned.

    - torchvision's ``DeformConv2d``, mmcv's ``DeformConv2dPack`` and ``ModulatedDeformConv2dPack``, ``DCNv3``, ``DCNv3_pytorch`` and
      ``DCNv4`` become the classes of that name here: a layer that makes its own offsets is one kernel.
    - In an ``nn.Sequential``, batch norm (in evaluation) and activation behind such a layer go into its kernel.

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
