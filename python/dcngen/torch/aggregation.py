"""The cores of DCNv3 and DCNv4 on tensors, forwards and backwards.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

import torch

from .. import plans
from ..functions import aggregation
from ..plans import Aggregation
from . import calls
from .eager import eager

Tensor = torch.Tensor
Size = int | tuple[int, int]


def _plan(
    op: str, tensors: calls.Tensors, a: Aggregation, gradient: tuple[str, ...] | None = None
) -> plans.Plan:
    packed = "offset" if op == "dcnv3" else "offset_mask"
    return plans.aggregate(
        op,
        calls.type_name(tensors["input"].dtype),
        tuple(tensors["input"].shape),
        tuple(tensors[packed].shape),
        calls.shape(tensors, "mask"),
        a,
        torch.get_num_threads(),
        gradient,
    )


def forward(call: str, op: str, given: dict[str, Tensor], a: Aggregation) -> Tensor:
    """The output; ``given`` are the operands by name."""
    tensors = calls.dense(calls.compute_type(*given.values()), **given)
    return calls.forward(call, _plan(op, tensors, a), tensors, given["input"])


def backward(
    call: str,
    op: str,
    grad_output: Tensor,
    given: dict[str, Tensor],
    wanted: dict[str, Tensor],
    a: Aggregation,
) -> dict[str, Tensor]:
    """Gradients of the operands ``wanted``, by name."""
    dtype = calls.compute_type(grad_output, *given.values())
    tensors = calls.dense(dtype, grad_output=grad_output, **given)
    return calls.backward(call, _plan(op, tensors, a, tuple(given)), tensors, wanted)


class Aggregate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, op: str, names: tuple[str, ...], a: Aggregation, *given: Tensor
    ) -> Tensor:
        ctx.save_for_backward(*given)
        ctx.op, ctx.names, ctx.a = op, names, a
        return forward(op, op, dict(zip(names, given, strict=True)), a)

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        given = dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        needs = dict(zip(ctx.names, ctx.needs_input_grad[3:], strict=True))
        wanted = {name: t for name, t in given.items() if needs[name]}
        grads = backward(f"{ctx.op} backward", ctx.op, grad_output, given, wanted, ctx.a)
        return (None, None, None, *(grads.get(name) for name in ctx.names))


@eager
def dcnv3(
    input: Tensor,
    offset: Tensor,
    mask: Tensor,
    groups: int,
    kernel_size: Size = 3,
    stride: Size = 1,
    padding: Size = 1,
    dilation: Size = 1,
    offset_scale: float = 1.0,
    remove_center: bool = False,
    softmax: bool = False,
) -> Tensor:
    """The core of DCNv3, differentiable; arguments and shapes as of :func:`dcngen.dcnv3`."""
    a = aggregation(
        groups, kernel_size, stride, padding, dilation, offset_scale, remove_center, softmax
    )
    names = ("input", "offset", "mask")
    output: Tensor = Aggregate.apply("dcnv3", names, a, input, offset, mask)
    return output


@eager
def dcnv4(
    input: Tensor,
    offset_mask: Tensor,
    groups: int,
    kernel_size: Size = 3,
    stride: Size = 1,
    padding: Size = 1,
    dilation: Size = 1,
    offset_scale: float = 1.0,
    remove_center: bool = False,
    softmax: bool = False,
) -> Tensor:
    """The core of DCNv4, differentiable; arguments and shapes as of :func:`dcngen.dcnv4`."""
    a = aggregation(
        groups, kernel_size, stride, padding, dilation, offset_scale, remove_center, softmax
    )
    output: Tensor = Aggregate.apply("dcnv4", ("input", "offset_mask"), a, input, offset_mask)
    return output
