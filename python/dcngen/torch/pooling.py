"""Operators that pool regions, on tensors, forwards and backwards.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

import torch

from .. import plans
from ..plans import Pooling, pair
from . import calls
from .eager import eager

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
        tuple(tensors["rois"].shape),
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
    plan = _plan(op, tensors, tuple(given["input"].shape), a)
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


class _DeformRoIPool(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        rois: Tensor,
        offset: Tensor | None,
        mask: Tensor | None,
        a: Pooling,
    ) -> Tensor:
        ctx.save_for_backward(input, rois, offset, mask)
        ctx.a = a
        every = {"input": input, "rois": rois, "offset": offset, "mask": mask}
        given = {name: t for name, t in every.items() if t is not None}
        return forward("deform_roi_pool", "deform_roi_pool", given, a)

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        order = ("input", "rois", "offset", "mask")
        saved = dict(zip(order, ctx.saved_tensors, strict=True))
        given = {name: t for name, t in saved.items() if t is not None}
        needs = dict(zip(order, ctx.needs_input_grad, strict=False))
        wanted = {name: t for name, t in given.items() if needs[name] and name != "rois"}
        call, op, shape = "deform_roi_pool backward", "deform_roi_pool", tuple(given["input"].shape)
        grads = backward(call, op, grad_output, shape, given, wanted, ctx.a)
        return (*(grads.get(name) for name in order), None)


@eager
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
    a = Pooling(size, spatial_scale, sampling_ratio, None, float(gamma))
    output: Tensor = _DeformRoIPool.apply(input, boxes, offset, mask, a)
    return output
