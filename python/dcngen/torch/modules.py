"""The modules of InternImage, of DCNv4, and mmcv's DeformRoIPool, with their constructors and state_dict keys.

Where no gradient is needed, a module is one kernel.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from ..arguments import divides, flag, integer, pair, real
from ..error import wrong
from . import calls, fitting, fused, log
from .aggregation import dcnv3, dcnv4
from .layers import gradient_needed
from .pooling import deform_roi_pool

Tensor = torch.Tensor

_ACTIVATIONS: dict[str, type[nn.Module]] = {"GELU": nn.GELU, "ReLU": nn.ReLU, "SiLU": nn.SiLU}

#: Without parameters, [N, C, H, W] to [N, H, W, C]: InternImage's, and the one here.
_PERMUTATIONS = ("to_channels_last", "ChannelsLast")


class ChannelsLast(nn.Module):
    """[N, C, H, W] to [N, H, W, C]; without parameters."""

    def forward(self, x: Tensor) -> Tensor:
        """A view."""
        view: Tensor = x.permute(0, 2, 3, 1)
        return view


def _zero_linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _projection(channels: int, bias: bool = True) -> nn.Linear:
    layer = nn.Linear(channels, channels, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class _Aggregating(nn.Module):
    """What DCNv3 and DCNv4 share."""

    channels: int
    kernel_size: int
    stride: int
    pad: int
    dilation: int
    group: int
    offset_scale: float
    center_feature_scale: bool
    remove_center: int = 0  # older ones have no such attribute
    center_feature_scale_proj_weight: Tensor
    center_feature_scale_proj_bias: Tensor

    def _take(
        self,
        channels: int,
        kernel_size: int,
        stride: int,
        pad: int,
        dilation: int,
        group: int,
        offset_scale: float,
        remove_center: bool,
    ) -> None:
        self.channels = integer(channels, "channels", 1)
        self.kernel_size = integer(kernel_size, "kernel_size", 1)
        self.stride, self.pad = integer(stride, "stride", 1), integer(pad, "pad", 0)
        self.dilation, self.group = integer(dilation, "dilation", 1), integer(group, "group", 1)
        divides("group", group, channels=channels)
        self.offset_scale = real(offset_scale, "offset_scale")
        self.remove_center = int(flag(remove_center, "remove_center"))

    def _begin(self, channels: int, group: int, center_feature_scale: bool) -> None:
        self.group_channels = channels // group
        if center_feature_scale:
            self.center_feature_scale_proj_weight = nn.Parameter(torch.zeros(group, channels))
            self.center_feature_scale_proj_bias = nn.Parameter(torch.zeros(group))

    def _points(self) -> int:
        return self.group * (self.kernel_size**2 - int(self.remove_center))

    def _attributes(self) -> tuple[Any, ...]:
        """Attributes of the module as one kernel that both have."""
        return (
            self.channels,
            self.group,
            [self.kernel_size, self.kernel_size],
            [self.stride, self.stride],
            [self.pad, self.pad],
            [self.dilation, self.dilation],
            float(self.offset_scale),
            bool(self.remove_center),
            bool(self.center_feature_scale),
        )

    def _watched(self) -> str | None:
        """Why no kernel may have its place, whatever its submodules are."""
        share = "center_feature_scale_proj_weight", "center_feature_scale_proj_bias"
        lacks = self.center_feature_scale and fitting.lacking("the module", self, *share)
        return lacks or fitting.watched(self)

    def _core(self) -> dict[str, Any]:
        """Attributes of the functions dcnv3 and dcnv4."""
        return {
            "groups": self.group,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.pad,
            "dilation": self.dilation,
            "offset_scale": float(self.offset_scale),
            "remove_center": bool(self.remove_center),
        }

    def _centre(self, map: Tensor) -> Tensor:
        """The pixels of the input on which the kernel stands; [N, H, W, C]."""
        centre: Tensor = map[:, :: self.stride, :: self.stride]
        return centre

    def _blend(self, y: Tensor, source: Tensor, projected: Tensor) -> Tensor:
        """Mixes into each group a share of what was projected where its kernel stands, as the source says."""
        if not self.center_feature_scale:
            return y
        share = nn.functional.linear(
            source, self.center_feature_scale_proj_weight, self.center_feature_scale_proj_bias
        ).sigmoid()
        share = share.repeat_interleave(self.channels // self.group, -1)
        blend: Tensor = y * (1 - share) + self._centre(projected) * share
        return blend


class DCNv3(_Aggregating):
    """InternImage's ``DCNv3``: [N, H, W, C] to [N, P, Q, C], with a stride of 1 the same size.

    With a stride, where InternImage's fails or reads other pixels' offsets, they are made at the pixels on which the kernel
    stands: ``dw_conv.0`` has the stride, too.

    Keys: dw_conv.0.*, dw_conv.1.1.* (of the norm), offset.*, mask.*, input_proj.*, output_proj.*, and with
    ``center_feature_scale`` center_feature_scale_proj_weight and _bias.
    """

    def __init__(
        self,
        channels: int = 64,
        kernel_size: int = 3,
        dw_kernel_size: int | None = None,
        stride: int = 1,
        pad: int = 1,
        dilation: int = 1,
        group: int = 4,
        offset_scale: float = 1.0,
        act_layer: str = "GELU",
        norm_layer: str = "LN",
        center_feature_scale: bool = False,
        remove_center: bool = False,
    ) -> None:
        super().__init__()
        if act_layer not in _ACTIVATIONS or norm_layer != "LN":
            wrong(
                f"act_layer = {act_layer}, norm_layer = {norm_layer}: expected GELU, ReLU or SiLU, and LN"
            )
        self._take(channels, kernel_size, stride, pad, dilation, group, offset_scale, remove_center)
        self.dw_kernel_size = integer(dw_kernel_size or kernel_size, "dw_kernel_size", 1)
        self.center_feature_scale = center_feature_scale
        k = self.dw_kernel_size
        self.dw_conv = nn.Sequential(
            nn.Conv2d(channels, channels, k, stride, padding=(k - 1) // 2, groups=channels),
            nn.Sequential(ChannelsLast(), nn.LayerNorm(channels, eps=1e-6)),
            _ACTIVATIONS[act_layer](),
        )
        self.offset = _zero_linear(channels, 2 * self._points())
        self.mask = _zero_linear(channels, self._points())
        self.input_proj, self.output_proj = _projection(channels), _projection(channels)
        self._begin(channels, group, center_feature_scale)

    def separate(self, input: Tensor) -> Tensor:
        """One operator after another, as autograd wants it."""
        x = self.input_proj(input)
        features = self.dw_conv(input.permute(0, 3, 1, 2))
        y = dcnv3(x, self.offset(features), self.mask(features), **self._core(), softmax=True)
        output: Tensor = self.output_proj(self._blend(y, features, x))
        return output

    def _misfit(self) -> str | None:
        """Why it is not one kernel, though no gradient is needed."""
        if type(self).separate is not DCNv3.separate:
            return "separate() is a subclass's"
        return self._watched() or self._misfit_of_dw_conv() or self._misfit_of_projections()

    def _misfit_of_projections(self) -> str | None:
        whys = (
            fitting.linear(name, getattr(self, name))
            for name in ("offset", "mask", "input_proj", "output_proj")
        )
        return next(filter(None, whys), None)

    def _misfit_of_dw_conv(self) -> str | None:
        """Convolution, norm behind a permutation, activation."""
        parts = list(self.dw_conv.children())
        norm = list(parts[1].children()) if len(parts) == 3 else []
        if len(norm) != 2 or type(norm[0]).__name__ not in _PERMUTATIONS:
            return "dw_conv is not convolution, permutation with norm, activation"
        return (
            fitting.other("dw_conv", self.dw_conv, nn.Sequential)
            or fitting.other("dw_conv.1", parts[1], nn.Sequential)
            or fitting.depthwise("dw_conv.0", parts[0], self.channels, self.stride)
            or fitting.other(
                "dw_conv.1.1", norm[1], nn.LayerNorm, normalized_shape=(self.channels,)
            )
            or fitting.lacking("dw_conv.1.1", norm[1], "weight", "bias")
            or fitting.other("dw_conv.2", parts[2], *_ACTIVATIONS.values())
            or fitting.tanh("dw_conv.2", parts[2])
        )

    def forward(self, input: Tensor) -> Tensor:
        """[N, H, W, C] to [N, P, Q, C]."""
        calls.rank(type(self).__name__, input, 4)
        grads = gradient_needed(self, input)
        if grads or len(input) == 0 or not log.fits(self, self._misfit):
            return self.separate(input)
        convolution, (_, norm), act = self.dw_conv
        more = list(convolution.kernel_size), float(norm.eps), type(act).__name__
        return fused.dcnv3_module(self, input, *self._attributes(), *more)


class DCNv4(_Aggregating):
    """DCNv4's ``DCNv4``: [N, L, C], of H*W = L pixels, to [N, P*Q, C], with a stride of 1 the same.

    With a stride, where DCNv4's fails, offsets are made at the pixels on which the kernel stands.

    Keys: offset_mask.*, value_proj.*, output_proj.*, with ``dw_kernel_size`` offset_mask_dw.*, and with
    ``center_feature_scale`` center_feature_scale_proj_weight and _bias.
    """

    def __init__(
        self,
        channels: int = 64,
        kernel_size: int = 3,
        stride: int = 1,
        pad: int = 1,
        dilation: int = 1,
        group: int = 4,
        offset_scale: float = 1.0,
        dw_kernel_size: int | None = None,
        center_feature_scale: bool = False,
        remove_center: bool = False,
        output_bias: bool = True,
        without_pointwise: bool = False,
    ) -> None:
        super().__init__()
        self._take(channels, kernel_size, stride, pad, dilation, group, offset_scale, remove_center)
        self.center_feature_scale, self.without_pointwise = center_feature_scale, without_pointwise
        self.dw_kernel_size = dw_kernel_size
        if dw_kernel_size is not None:
            k = integer(dw_kernel_size, "dw_kernel_size", 1)
            self.offset_mask_dw = nn.Conv2d(
                channels, channels, k, stride, padding=(k - 1) // 2, groups=channels
            )
        self.offset_mask = _zero_linear(channels, math.ceil(3 * self._points() / 8) * 8)
        if not without_pointwise:
            self.value_proj = _projection(channels)
            self.output_proj = _projection(channels, output_bias)
        self._begin(channels, group, center_feature_scale)

    def separate(self, map: Tensor) -> Tensor:
        """One operator after another, as autograd wants it; [N, H, W, C] to [N, P, Q, C]."""
        x = map if self.without_pointwise else self.value_proj(map)
        source = self._centre(map)
        if self.dw_kernel_size is not None:
            source = self.offset_mask_dw(map.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y = dcnv4(x, self.offset_mask(source), **self._core())
        y = self._blend(y, y, x)
        output: Tensor = y if self.without_pointwise else self.output_proj(y)
        return output

    def _misfit(self) -> str | None:
        """Why it is not one kernel, though no gradient is needed."""
        if type(self).separate is not DCNv4.separate:
            return "separate() is a subclass's"
        whys = [self._watched(), fitting.linear("offset_mask", self.offset_mask)]
        if self.stride != 1 and self.center_feature_scale and self.without_pointwise:
            whys.append(f"stride = {self.stride} with center_feature_scale and without_pointwise")
        if self.dw_kernel_size is not None:
            whys.append(
                fitting.depthwise("offset_mask_dw", self.offset_mask_dw, self.channels, self.stride)
            )
        if not self.without_pointwise:
            whys.append(fitting.linear("value_proj", self.value_proj))
            whys.append(fitting.linear("output_proj", self.output_proj, bias=False))
        return next(filter(None, whys), None)

    def forward(self, input: Tensor, shape: tuple[int, int] | None = None) -> Tensor:
        """[N, L, C]; ``shape`` is (H, W), by default a square."""
        n, length, c = calls.rank(type(self).__name__, input, 3)
        h, w = shape or (math.isqrt(length), math.isqrt(length))
        if h * w != length:
            wrong(f"DCNv4: input has {length} pixels, and shape = {(h, w)}")
        map = input.reshape(n, h, w, c)
        if gradient_needed(self, input) or n == 0 or not log.fits(self, self._misfit):
            apart: Tensor = self.separate(map).flatten(1, 2)
            return apart
        has_bias = not self.without_pointwise and self.output_proj.bias is not None
        more = [self.dw_kernel_size or 0] * 2, bool(self.without_pointwise), has_bias
        output: Tensor = fused.dcnv4_module(self, map, *self._attributes(), *more).reshape(n, -1, c)
        return output


class DeformRoIPool(nn.Module):
    """mmcv's ``DeformRoIPool``: ``forward(input, rois, offset=None)``; without parameters."""

    def __init__(
        self,
        output_size: int | tuple[int, int],
        spatial_scale: float = 1.0,
        sampling_ratio: int = 0,
        gamma: float = 0.1,
    ) -> None:
        super().__init__()
        self.output_size = pair(output_size, "output_size", 1)
        self.spatial_scale = real(spatial_scale, "spatial_scale")
        self.sampling_ratio = integer(sampling_ratio, "sampling_ratio")
        self.gamma = real(gamma, "gamma")

    def forward(self, input: Tensor, rois: Tensor, offset: Tensor | None = None) -> Tensor:
        """[N, C, H, W] and [R, 5] to [R, C, bins, bins]."""
        return deform_roi_pool(
            input,
            rois,
            offset,
            self.output_size,
            self.spatial_scale,
            self.sampling_ratio,
            self.gamma,
        )
