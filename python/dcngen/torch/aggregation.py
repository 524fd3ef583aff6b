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
from .operators import Operator

Tensor = torch.Tensor
Size = int | tuple[int, int]


def _plan(
    op: str, tensors: calls.Tensors, a: Aggregation, gradient: tuple[str, ...] | None = None
) -> plans.Plan:
    packed = "offset" if op == "dcnv3" else "offset_mask"
    return plans.aggregate(
        op,
        calls.type_name(tensors["input"].dtype),
        tensors["input"].shape,
        tensors[packed].shape,
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


def _operator(op: str, operands: tuple[str, ...]) -> Operator:
    """The operator of that name, whose attributes are those of an Aggregation."""

    def output(given: dict[str, Tensor], *a: Any) -> Tensor:
        return forward(op, op, given, _attributes(*a))

    def gradients(
        grad: Tensor, given: dict[str, Tensor], names: list[str], *a: Any
    ) -> dict[str, Tensor]:
        wanted = {name: given[name] for name in names}
        return backward(f"{op} backward", op, grad, given, wanted, _attributes(*a))

    def shape(given: dict[str, Tensor], *a: Any) -> tuple[int, ...]:
        pixels = given[operands[1]].shape
        return pixels[0], pixels[1], pixels[2], given["input"].shape[3]

    return Operator(op, operands, _SCHEMA, output, gradients, shape)


_SCHEMA = (
    "int groups, int[] kernel_size, int[] stride, int[] padding, int[] dilation, float offset_scale, "
    "bool remove_center, str modulation"
)


def _attributes(groups: int, *rest: Any) -> Aggregation:
    """From what the operator is called with, where pairs may be lists."""
    kernel_size, stride, padding, dilation = ((pair[0], pair[1]) for pair in rest[:4])
    return Aggregation(groups, kernel_size, stride, padding, dilation, *rest[4:])


_dcnv3 = _operator("dcnv3", ("input", "offset", "mask"))
_dcnv4 = _operator("dcnv4", ("input", "offset_mask"))


def core_of_dcnv3(input: Tensor, offset: Tensor, mask: Tensor, a: Aggregation) -> Tensor:
    """The core of DCNv3, differentiable."""
    return _dcnv3(input, offset, mask, *a)


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
    return core_of_dcnv3(input, offset, mask, a)


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
    return _dcnv4(input, offset_mask, *a)
