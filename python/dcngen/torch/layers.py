"""Layers of deformable convolutions, with the constructors and the state_dict keys of torchvision's and mmcv's.

Where no gradient is needed, a layer that makes its own offsets is one kernel.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math

import torch
from torch import nn

from ..arguments import divides, integer, pair
from . import calls, fitting, following, fused, log
from .convolution import computed, deform_conv2d
from .eager import eager

Tensor = torch.Tensor
Size = int | tuple[int, int]


def gradient_needed(module: nn.Module, *inputs: Tensor | None) -> bool:
    """Whether autograd must see what happens in the module."""
    if not torch.is_grad_enabled():
        return False
    every = (*module.parameters(), *inputs)
    return any(t is not None and t.requires_grad for t in every)


class DeformConv2d(nn.Module):
    """torchvision's ``DeformConv2d``: ``forward(input, offset, mask=None)``.

    Keys: weight [O, C/groups, kh, kw], bias [O].
    """

    #: Whether there is a module in which what follows the layer may go into its kernel.
    leads = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = integer(in_channels, "in_channels", 1)
        self.out_channels = integer(out_channels, "out_channels", 1)
        self.groups = integer(groups, "groups", 1)
        divides("groups", groups, in_channels=in_channels, out_channels=out_channels)
        self.kernel_size = pair(kernel_size, "kernel_size", 1)
        self.stride, self.padding = pair(stride, "stride", 1), pair(padding, "padding", 0)
        self.dilation = pair(dilation, "dilation", 1)
        self.weight = nn.Parameter(
            torch.empty(out_channels, in_channels // groups, *self.kernel_size)
        )
        self.bias: nn.Parameter | None
        self.register_parameter("bias", nn.Parameter(torch.empty(out_channels)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As torch does for convolutions."""
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.weight[0].numel())
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor, offset: Tensor, mask: Tensor | None = None) -> Tensor:
        """[N, C, H, W] and offsets, as of :func:`dcngen.deform_conv2d`, to [N, O, P, Q]."""
        shape = self.stride, self.padding, self.dilation
        bias = getattr(self, "bias", None)  # mmcv's DCNv1 has none, not even None
        if self.leads and not gradient_needed(self, input, offset, mask):
            behind = following.behind(self)
            if behind is not None:
                operands = {"input": input, "offset": offset, "weight": self.weight.detach()}
                return self._folded(behind, {**operands, "bias": bias, "mask": mask})
        return deform_conv2d(input, offset, self.weight, bias, *shape, mask)

    @eager
    def _folded(self, behind: following.Behind, operands: dict[str, Tensor | None]) -> Tensor:
        """With what follows in the kernel; no gradients."""
        every = {**operands, "scale": behind.scale, "shift": behind.shift}
        given = {name: t for name, t in every.items() if t is not None}
        pairs = (pair(getattr(self, name), name) for name in ("stride", "padding", "dilation"))
        return behind.passes(computed(given, behind.activation, *pairs))


class DeformConv2dPack(DeformConv2d):
    """mmcv's ``DeformConv2dPack``: ``forward(x)``, offsets come from a convolution of x.

    Keys: weight, bias, conv_offset.weight [2*D*K, C, kh, kw], conv_offset.bias [2*D*K].
    """

    modulation = "none"
    maps = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        deform_groups: int = 1,
        bias: bool = False,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self.deform_groups = integer(deform_groups, "deform_groups", 1)
        divides("deform_groups", deform_groups, in_channels=in_channels)
        self.conv_offset = nn.Conv2d(
            in_channels,
            self.maps * deform_groups * math.prod(self.kernel_size),
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
        )
        nn.init.zeros_(self.conv_offset.weight)
        nn.init.zeros_(self.conv_offset.bias)  # type: ignore[arg-type]

    def separate(self, x: Tensor) -> Tensor:
        """One operator after another, as autograd wants it."""
        made = self.conv_offset(x)
        if self.modulation == "none":
            return super().forward(x, made)
        split = 2 * made.shape[1] // 3
        return super().forward(x, made[:, :split], made[:, split:].sigmoid())

    def misfit(self) -> str | None:
        """Why it is not one kernel, though no gradient is needed."""
        if type(self).separate is not DeformConv2dPack.separate:
            return "separate() is a subclass's"
        return fitting.watched(self) or fitting.convolution(
            "conv_offset",
            self.conv_offset,
            kernel_size=tuple(self.weight.shape[2:]),
            stride=pair(self.stride, "stride"),
            padding=pair(self.padding, "padding"),
            dilation=pair(self.dilation, "dilation"),
            groups=1,
        )

    def fuses(self, x: Tensor) -> bool:
        """Whether this call is one kernel."""
        return not gradient_needed(self, x) and len(x) > 0 and log.fits(self, self.misfit)

    def fused(
        self,
        x: Tensor,
        scale: Tensor | None = None,
        shift: Tensor | None = None,
        activation: str = "none",
    ) -> Tensor:
        """All in one kernel, and behind it act(y * scale + shift); no gradients."""
        made = self.conv_offset
        operands = (x, self.weight, made.weight, made.bias, getattr(self, "bias", None))
        return fused.deform_conv2d_pack(
            *operands,
            scale,
            shift,
            type(self).__name__,
            self.weight.shape[1] * self.groups,
            self.weight.shape[0],
            list(self.weight.shape[2:]),
            self.groups,
            self.deform_groups,
            self.modulation,
            pair(self.stride, "stride"),
            pair(self.padding, "padding") * 2,
            pair(self.dilation, "dilation"),
            activation,
        )

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """[N, C, H, W] to [N, O, P, Q]."""
        calls.rank(type(self).__name__, x, 4)
        if not self.fuses(x):
            return self.separate(x)
        behind = following.behind(self) if self.leads else None
        if behind is None:
            return self.fused(x)
        return behind.passes(self.fused(x, behind.scale, behind.shift, behind.activation))


class ModulatedDeformConv2dPack(DeformConv2dPack):
    """mmcv's ``ModulatedDeformConv2dPack``: also the mask comes from the convolution, through a sigmoid.

    Keys: weight, bias, conv_offset.weight [3*D*K, C, kh, kw], conv_offset.bias [3*D*K].
    """

    modulation = "sigmoid"
    maps = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        deform_groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            deform_groups,
            bias,
        )
