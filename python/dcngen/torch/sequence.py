"""A Sequential in which a layer takes along what follows it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import torch
from torch import nn

from . import following
from .fitting import has_hooks
from .layers import DeformConv2dPack, ModulatedDeformConv2dPack, gradient_needed

Tensor = torch.Tensor

#: The layers that a batch norm and an activation fuse with; subclasses may do something else.
PACKS = (DeformConv2dPack, ModulatedDeformConv2dPack)


class FusedSequential(nn.Sequential):
    """A Sequential in which a layer takes batch norm and activation that follow it into its kernel, where no gradient
    is needed."""

    def _step(self, parts: list[nn.Module], x: Tensor) -> tuple[Tensor, int]:
        """The result of the first of parts, or of several, and of how many."""
        first = parts[0]
        if type(first) not in PACKS or gradient_needed(self, x) or not first.fuses(x):
            return first(x), 1
        taken, scale, shift = 1, None, None
        quiet = [None if has_hooks(m) else m for m in parts[1:3]]
        if quiet and following.is_folding(quiet[0]):
            scale, shift = following.folded(quiet[0])  # type: ignore[arg-type]
            taken = 2
        name = following.activation(quiet[taken - 1]) if len(quiet) >= taken else None
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
