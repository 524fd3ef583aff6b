"""Batch norms and activations that go into the kernel of the layer before them, in a module whose ``forward`` is its own.

That forward runs as it is. While it does, the layer at the head of a chain computes all of the chain, and marks its result with
the modules that are in it; they return a tensor that is marked with them as it is.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from .eager import compiling
from .fitting import has_hooks

Tensor = torch.Tensor

_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.SiLU: "silu",
    nn.GELU: "gelu",
    nn.ReLU6: "clip",
    nn.Hardswish: "hardswish",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
}
_MARK = "_dcngen_passes"
_module: Any = torch.nn.modules.module  # which has the hooks of all modules


class _Following:
    """A module that may be in the kernel of a layer before it."""

    def forward(self, input: Tensor) -> Tensor:
        """What it is given, if that is marked with it."""
        marks = None if compiling() else getattr(input, _MARK, None)
        if not marks or marks[0] is not self:
            output: Tensor = super().forward(input)  # type: ignore[misc]
            return output
        marks.pop(0)
        if not marks:
            delattr(input, _MARK)
        return input


def _name(kind: type[nn.Module]) -> str:
    return f"Following{kind.__name__}"


_KINDS: tuple[type[nn.Module], ...] = (nn.BatchNorm2d, *_ACTIVATIONS)
_FOLLOWING: dict[type[nn.Module], type[nn.Module]] = {
    kind: type(
        _name(kind), (_Following, kind), {"__module__": __name__, "_get_name": kind._get_name}
    )
    for kind in _KINDS
}
_PLAIN = {following: kind for kind, following in _FOLLOWING.items()}
globals().update({_name(kind): following for kind, following in _FOLLOWING.items()})  # for pickle


def follow(module: nn.Module) -> None:
    """Let it return what is marked with it."""
    module.__class__ = _FOLLOWING.get(type(module), type(module))


def _kind(module: nn.Module) -> type[nn.Module]:
    return _PLAIN.get(type(module), type(module))


def activation(module: nn.Module | None) -> str | None:
    """Its name in the spec language; None: there is none."""
    name = _ACTIVATIONS.get(_kind(module)) if module is not None else None
    if name == "gelu" and getattr(module, "approximate", "none") != "none":
        return None
    return name


def is_norm(module: nn.Module | None) -> bool:
    """Whether it is a batch norm, which in evaluation may be one that folds."""
    return module is not None and _kind(module) is nn.BatchNorm2d


def is_folding(module: nn.Module | None) -> bool:
    """Whether it is a factor and a summand of each channel."""
    return (
        module is not None
        and is_norm(module)
        and not module.training
        and module.running_mean is not None
    )


def folded(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Scale and shift that a batch norm is in inference."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    scale = torch.add(variance, norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight
    shift = -mean * scale
    return scale, shift if norm.bias is None else shift + norm.bias


# ---- while a forward runs ------------------------------------------------------------------------


class Chain(NamedTuple):
    """What follows a layer; ``between`` are modules that only hand on what it computes."""

    norm: nn.BatchNorm2d | None
    activation: nn.Module | None
    between: tuple[nn.Module, ...]


class Behind(NamedTuple):
    """What a kernel does with its sums in the place of the modules ``inside``."""

    scale: Tensor | None
    shift: Tensor | None
    activation: str
    inside: list[nn.Module]

    def passes(self, output: Tensor) -> Tensor:
        """The output, marked."""
        setattr(output, _MARK, self.inside)
        return output


class _Running(threading.local):
    def __init__(self) -> None:
        self.stack: list[Frame] = []


_running = _Running()


class Frame:
    """The chains of a module while its forward runs."""

    def __init__(self, chains: Mapping[nn.Module, Chain]) -> None:
        self.chains = chains
        self.marks: list[list[nn.Module]] = []

    def __enter__(self) -> Frame:
        _running.stack.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _running.stack.pop()

    def complete(self) -> bool:
        """Whether all modules that were in kernels got their turn."""
        return not any(self.marks)


def _watched(lead: nn.Module, chain: Chain) -> bool:
    """Whether somebody looks at what is not computed any more."""
    if _module._global_forward_hooks or _module._global_forward_pre_hooks:
        return True
    return has_hooks(lead) or any(map(has_hooks, chain.between))


def _taken(chain: Chain) -> Behind | None:
    scale, shift = None, None
    inside: list[nn.Module] = []
    norm, act = chain.norm, chain.activation
    if norm is not None:
        needed = torch.is_grad_enabled() and any(p.requires_grad for p in norm.parameters())
        if needed or has_hooks(norm) or not is_folding(norm):
            return None
        scale, shift = folded(norm)
        inside.append(norm)
    name = None if act is None or has_hooks(act) else activation(act)
    if act is not None and name is not None:
        inside.append(act)
    return Behind(scale, shift, name or "none", inside) if inside else None


def behind(lead: nn.Module) -> Behind | None:
    """What goes into the kernel of a layer in this call, if something does."""
    if compiling():
        return None
    frame = next((f for f in reversed(_running.stack) if lead in f.chains), None)
    if frame is None or _watched(lead, frame.chains[lead]):
        return None
    taken = _taken(frame.chains[lead])
    if taken is not None:
        frame.marks.append(taken.inside)
    return taken
