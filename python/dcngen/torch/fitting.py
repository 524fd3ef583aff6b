"""Whether a kernel may take the place of submodules: they are exactly what it computes, and nobody watches them.

Functions return why not, or None.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from torch import nn


def has_hooks(module: nn.Module) -> bool:
    """Whether calling it is more than its class says: hooks, among them weight_norm's, or a forward of its own."""
    if module._forward_hooks or module._forward_pre_hooks or module._backward_hooks:
        return True
    return "forward" in module.__dict__ or bool(getattr(module, "_backward_pre_hooks", None))


def watched(module: nn.Module) -> str | None:
    """Submodules with hooks; those of the module itself run anyway."""
    for name, part in module.named_modules(remove_duplicate=False):
        if name and has_hooks(part):
            return f"{name} has hooks"
    return None


def other(name: str, module: object, *kinds: type[nn.Module], **expected: object) -> str | None:
    """That a submodule is not of one of these classes, which its subclasses are not, or has other attributes."""
    if type(module) not in kinds:
        names = " or ".join(kind.__name__ for kind in kinds)
        return f"{name} is a {type(module).__name__}, expected a {names}"
    for key, value in expected.items():
        found = getattr(module, key)
        if found != value:
            return f"{name}.{key} = {found}, expected {value}"
    return None


def lacking(name: str, module: nn.Module, *parameters: str) -> str | None:
    """Parameters that are not there."""
    for key in parameters:
        if module._parameters.get(key) is None:
            return f"{name} has no parameter {key}"
    return None


def linear(name: str, module: nn.Module, bias: bool = True) -> str | None:
    """Why a module is no Linear."""
    needed = ("weight", "bias") if bias else ("weight",)
    return other(name, module, nn.Linear) or lacking(name, module, *needed)


def convolution(name: str, module: nn.Module, **expected: object) -> str | None:
    """Why a module is no Conv2d with bias."""
    return other(name, module, nn.Conv2d, padding_mode="zeros", **expected) or lacking(
        name, module, "weight", "bias"
    )


def depthwise(name: str, module: nn.Module, channels: int, stride: int) -> str | None:
    """Why a module is no Conv2d with bias of each channel by itself, at every pixel that the stride leaves."""
    size = getattr(module, "kernel_size", (1, 1))
    return convolution(
        name,
        module,
        kernel_size=(size[0], size[0]),
        padding=((size[0] - 1) // 2,) * 2,
        stride=(stride, stride),
        dilation=(1, 1),
        groups=channels,
    )


def tanh(name: str, module: nn.Module) -> str | None:
    """Why an activation is an approximate GELU."""
    how = getattr(module, "approximate", "none")
    return None if how == "none" else f"{name}.approximate = {how}, expected none"
