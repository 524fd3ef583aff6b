"""Operators that pool regions, on tensors, forwards and backwards.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .. import plans
from ..arguments import integer, real
from ..plans import Pooling, pair
from . import calls
from .operators import Operator

Tensor = torch.Tensor


def _plan(
    op: str,
    tensors: calls.Tensors,
    shape: plans.Shape,
    a: Pooling,
    gradient: tuple[str, ...] | None = None,
) -> plans.Plan:
    return plans.pool(
        op,
        calls.type_name(tensors["rois"].dtype),
        shape,
        tensors["rois"].shape,
        calls.shape(tensors, "offset"),
        calls.shape(tensors, "mask"),
        a,
        torch.get_num_threads(),
        gradient,
    )


def forward(
    call: str, op: str, given: dict[str, Tensor], a: Pooling, out: Tensor | None = None
) -> Tensor:
    """The output; ``given`` are the operands by name."""
    tensors = calls.dense(calls.compute_type(*given.values()), **given)
    plan = _plan(op, tensors, given["input"].shape, a)
    return calls.forward(call, plan, tensors, given["input"], out)


def backward(
    call: str,
    op: str,
    grad_output: Tensor,
    shape: plans.Shape,
    given: dict[str, Tensor],
    wanted: dict[str, Tensor],
    a: Pooling,
) -> dict[str, Tensor]:
    """Gradients of the operands ``wanted``, by name; ``shape`` is that of the input, ``given`` the operands that are read."""
    dtype = calls.compute_type(grad_output, *given.values())
    tensors = calls.dense(dtype, grad_output=grad_output, **given)
    names = ("input", *(name for name in ("offset", "mask") if name in given))
    plan = _plan(op, tensors, shape, a, names)
    return calls.backward(call, plan, tensors, wanted)


def _attributes(output_size: Sequence[int], scale: float, ratio: int, gamma: float) -> Pooling:
    return Pooling((output_size[0], output_size[1]), scale, ratio, None, gamma)


def _output(given: dict[str, Tensor], *a: Any) -> Tensor:
    return forward("deform_roi_pool", "deform_roi_pool", given, _attributes(*a))


def _gradients(
    grad: Tensor, given: dict[str, Tensor], names: list[str], *a: Any
) -> dict[str, Tensor]:
    call, op, shape = "deform_roi_pool backward", "deform_roi_pool", tuple(given["input"].shape)
    wanted = {name: given[name] for name in names}
    return backward(call, op, grad, shape, given, wanted, _attributes(*a))


def _shape(given: dict[str, Tensor], output_size: Sequence[int], *a: Any) -> tuple[int, ...]:
    return given["rois"].shape[0], given["input"].shape[1], output_size[0], output_size[1]


_deform_roi_pool = Operator(
    "deform_roi_pool",
    ("input", "rois", "offset?", "mask?"),
    "int[] output_size, float spatial_scale, int sampling_ratio, float gamma",
    _output,
    _gradients,
    _shape,
    constant=("rois",),
)


def _maximum(scale: float, ph: int, pw: int) -> Pooling:
    return Pooling((ph, pw), scale)


def _maximum_gradients(
    grad: Tensor, given: dict[str, Tensor], names: list[str], *a: Any
) -> dict[str, Tensor]:
    call, shape = "torchvision::_roi_pool_backward", tuple(given["input"].shape)
    wanted = {name: given[name] for name in names}
    return backward(call, "roi_pool", grad, shape, given, wanted, _maximum(*a))


#: torchvision's roi_pool, whose gradient reads the map, where torchvision's is told the places of the maxima.
roi_pool = Operator(
    "roi_pool",
    ("input", "rois"),
    "float spatial_scale, int pooled_height, int pooled_width",
    lambda given, *a: forward("torchvision::roi_pool", "roi_pool", given, _maximum(*a)),
    _maximum_gradients,
    lambda given, scale, ph, pw: (given["rois"].shape[0], given["input"].shape[1], ph, pw),
    constant=("rois",),
)


def deform_roi_pool(
    input: Tensor,
    boxes: Tensor,
    offset: Tensor | None,
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    gamma: float = 0.1,
    mask: Tensor | None = None,
) -> Tensor:
    """Deformable RoI pooling, differentiable; arguments and shapes as of :func:`dcngen.deform_roi_pool`."""
    size = pair(output_size, "output_size")
    ratio = integer(sampling_ratio, "sampling_ratio")
    scale, factor = real(spatial_scale, "spatial_scale"), real(gamma, "gamma")
    return _deform_roi_pool(input, boxes, offset, mask, size, scale, ratio, factor)
