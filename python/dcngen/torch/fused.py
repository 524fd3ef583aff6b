"""Whole modules as one kernel, operators of torch's dispatcher: for inference, without gradients.

Operands are called as the parameters of the module are, and attributes as the keys of the spec.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from .. import plans
from ..kernel import Sizes
from . import calls
from .operators import Operator

Tensor = torch.Tensor


def _sizes(layout: str, call: str, input: Tensor) -> Sizes:
    shape = calls.rank(call, input, 4)
    h, w = shape[2:] if layout == "nchw" else shape[1:3]
    plans.check_map(shape, shape[0], h, w)
    return shape[0], h, w, 0


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _operator(
    op: str,
    layout: str,
    operands: tuple[str, ...],
    attributes: str,
    shape: Callable[..., Sequence[int]],
    present: dict[str, str] | None = None,
) -> Operator:
    """The operator of that name, whose first attribute is what explain() calls it; ``present`` are keys of the spec that say
    whether an operand is there."""
    there = present or {}
    names = ("dtype", *there, *(attribute.split()[-1] for attribute in attributes.split(", ")))

    def output(given: dict[str, Tensor], call: str, *values: Any) -> Tensor:
        dtype = calls.compute_type(*given.values())
        flags = (operand in given for operand in there.values())
        every = (calls.type_name(dtype), *flags, *map(_value, values))
        sizes = _sizes(layout, call, given["input"])
        plan = plans.layer(op, names, every, sizes, torch.get_num_threads())
        return calls.forward(call, plan, calls.dense(dtype, **given), given["input"])

    return Operator(op, operands, f"str call, {attributes}", output, None, shape)


# ---- a layer that makes its own offsets -------------------------------------------------------


def _pixels(given: dict[str, Tensor], call: str, *a: Any) -> Sequence[int]:
    n, _, h, w = given["input"].shape
    (kh, kw), (sy, sx), (top, left, bottom, right), (dy, dx) = a[2], *a[6:9]
    p = plans.out_size(h, kh, sy, top + bottom, dy)
    q = plans.out_size(w, kw, sx, left + right, dx)
    return n, given["weight"].shape[0], p, q


#: act(y * scale + shift) of the layer's y.
deform_conv2d_pack = _operator(
    "deform_conv2d_pack",
    "nchw",
    ("input", "weight", "offset_weight", "offset_bias", "bias?", "scale?", "shift?"),
    "int in_channels, int out_channels, int[] kernel_size, int groups, int offset_groups, str modulation, "
    "int[] stride, int[] padding, int[] dilation, str activation",
    _pixels,
    {"bias": "bias", "scale_shift": "scale"},
)

# ---- modules -------------------------------------------------------------------------------------


def _strided(given: dict[str, Tensor], call: str, *a: Any) -> Sequence[int]:
    """A pixel wherever the kernel stands on one of the input."""
    n, h, w, c = given["input"].shape
    sy, sx = a[3]
    return n, plans.out_size(h, 1, sy, 0, 1), plans.out_size(w, 1, sx, 0, 1), c


_SHARE = ("center_feature_scale_proj_weight", "center_feature_scale_proj_bias")
_CORE = (
    "int channels, int groups, int[] kernel_size, int[] stride, int[] padding, int[] dilation, "
    "float offset_scale, bool remove_center, bool center_feature_scale"
)


def _both(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{kind}" for name in names for kind in ("weight", "bias"))


class Module:
    """An operator of a whole module, whose parameters it finds by their paths.

    Args:
        op: Of the spec language.
        parameters: Paths of those that are always there.
        optional: Paths of those that may be missing.
        attributes: As a schema has them.
    """

    def __init__(
        self, op: str, parameters: tuple[str, ...], optional: tuple[str, ...], attributes: str
    ) -> None:
        self._paths = (*parameters, *optional)
        names = [path.replace(".", "_") for path in parameters]
        names += [path.replace(".", "_") + "?" for path in optional]
        self._operator = _operator(op, "nhwc", ("input", *names), attributes, _strided)

    def __call__(self, module: nn.Module, input: Tensor, *values: Any) -> Tensor:
        """The whole module, with the values of the attributes."""
        parameters = (_parameter(module, path) for path in self._paths)
        return self._operator(input, *parameters, type(module).__name__, *values)


def _parameter(module: Any, path: str) -> Tensor | None:
    for part in path.split("."):
        module = getattr(module, part, None)
    found: Tensor | None = module
    return found


dcnv3_module = Module(
    "dcnv3_module",
    _both("dw_conv.0", "dw_conv.1.1", "offset", "mask", "input_proj", "output_proj"),
    _SHARE,
    f"{_CORE}, int[] dw_kernel_size, float norm_eps, str act_layer",
)
dcnv4_module = Module(
    "dcnv4_module",
    _both("offset_mask"),
    (*_both("offset_mask_dw", "value_proj", "output_proj"), *_SHARE),
    f"{_CORE}, int[] dw_kernel_size, bool without_pointwise, bool output_bias",
)
