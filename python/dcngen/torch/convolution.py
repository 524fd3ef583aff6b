"""Deformable convolution of tensors, forwards and backwards.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

import torch

from .. import plans
from ..plans import Convolution, pair
from . import calls
from .eager import eager

Tensor = torch.Tensor
Size = int | tuple[int, int]
_ALL = ("input", "weight", "offset", "mask", "bias")


def _plan(
    tensors: calls.Tensors, a: Convolution, gradient: tuple[str, ...] | None = None
) -> plans.Plan:
    return plans.deform_conv2d(
        calls.type_name(tensors["input"].dtype),
        tuple(tensors["input"].shape),
        tuple(tensors["weight"].shape),
        tuple(tensors["offset"].shape),
        calls.shape(tensors, "mask"),
        calls.shape(tensors, "bias"),
        a,
        torch.get_num_threads(),
        gradient,
    )


def forward(
    call: str,
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    a: Convolution,
    out: Tensor | None = None,
) -> Tensor:
    """The output, contiguous, of the type of ``input``; or ``out``, written to."""
    dtype = calls.compute_type(input, offset, weight, bias, mask)
    tensors = calls.dense(dtype, input=input, offset=offset, weight=weight, bias=bias, mask=mask)
    return calls.forward(call, _plan(tensors, a), tensors, input, out)


def backward(
    call: str,
    grad_output: Tensor,
    wanted: dict[str, Tensor],
    given: dict[str, Tensor],
    a: Convolution,
) -> dict[str, Tensor]:
    """Gradients of the operands ``wanted``, by name; ``given`` are all operands."""
    dtype = calls.compute_type(grad_output, *given.values())
    tensors = calls.dense(dtype, grad_output=grad_output, **given)
    names = tuple(name for name in _ALL if name in given)
    return calls.backward(call, _plan(tensors, a, names), tensors, wanted)


class _DeformConv2d(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        offset: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        mask: Tensor | None,
        a: Convolution,
    ) -> Tensor:
        ctx.save_for_backward(input, offset, weight, bias, mask)
        ctx.a = a
        return forward("deform_conv2d", input, offset, weight, bias, mask, a)

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        order = ("input", "offset", "weight", "bias", "mask")
        saved = dict(zip(order, ctx.saved_tensors, strict=True))
        given = {name: t for name, t in saved.items() if t is not None}
        needs = dict(zip(order, ctx.needs_input_grad, strict=False))
        wanted = {name: t for name, t in given.items() if needs[name]}
        grads = backward("deform_conv2d backward", grad_output, wanted, given, ctx.a)
        return (*(grads.get(name) for name in order), None)


def _apply(*operands: Any) -> Tensor:
    output: Tensor = _DeformConv2d.apply(*operands)
    return output


def _layout(input: Tensor) -> str:
    """nhwc if that needs no copy of the map, and nchw does."""
    last = input.is_contiguous(memory_format=torch.channels_last)
    return "nhwc" if last and not input.is_contiguous() else "nchw"


@eager
def deform_conv2d(
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    mask: Tensor | None = None,
) -> Tensor:
    """Deformable convolution, differentiable, with the arguments of ``torchvision.ops.deform_conv2d``.

    Args:
        input: [N, C, H, W]; a channels_last one is read as it lies, and the result is channels_last, too.
        offset: [N, 2*D*K, P, Q], in pixels; (dy, dx) of each tap side by side.
        weight: [O, C/groups, kh, kw].
        bias: [O].
        stride, padding, dilation: In pixels, one number or (vertical, horizontal).
        mask: [N, D*K, P, Q].

    Returns:
        [N, O, P, Q].
    """
    a = Convolution(
        pair(stride, "stride"),
        pair(padding, "padding") * 2,
        pair(dilation, "dilation"),
        _layout(input),
    )
    if a.layout == "nchw":
        return _apply(input, offset, weight, bias, mask, a)
    last = [t if t is None else t.permute(0, 2, 3, 1) for t in (input, offset, mask)]
    output: Tensor = _apply(last[0], last[1], weight, bias, last[2], a).permute(0, 3, 1, 2)
    return output
