"""Deformable convolution of tensors, forwards and backwards.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .. import plans
from ..plans import Convolution, pair
from . import calls
from .operators import Operator

Tensor = torch.Tensor
Size = int | tuple[int, int]
_ALL = ("input", "weight", "offset", "mask", "bias")


def _plan(
    tensors: calls.Tensors, a: Convolution, gradient: tuple[str, ...] | None = None
) -> plans.Plan:
    return plans.deform_conv2d(
        calls.type_name(tensors["input"].dtype),
        tensors["input"].shape,
        tensors["weight"].shape,
        tensors["offset"].shape,
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


def _layout(input: Tensor) -> str:
    """nhwc if that needs no copy of the map, and nchw does."""
    last = input.is_contiguous(memory_format=torch.channels_last)
    return "nhwc" if last and not input.is_contiguous() else "nchw"


_MAPS = ("input", "offset", "mask")
_Several = Sequence[int]


def _permuted(given: dict[str, Tensor], *order: int) -> dict[str, Tensor]:
    return {name: t.permute(order) if name in _MAPS else t for name, t in given.items()}


def _attributes(layout: str, *pairs: _Several) -> Convolution:
    stride, padding, dilation = ((pair[0], pair[1]) for pair in pairs)
    return Convolution(stride, padding * 2, dilation, layout)


def computed(given: dict[str, Tensor], activation: str, *pairs: _Several) -> Tensor:
    """act(y * scale + shift) of operands by name, of which scale and shift may be missing; no gradients. Maps are
    [N, C, H, W], and the result lies as the input does."""
    folds = "scale" in given
    a = _attributes(_layout(given["input"]), *pairs)
    a = a._replace(scale_shift=folds, activation=activation)
    operands = given if a.layout == "nchw" else _permuted(given, 0, 2, 3, 1)
    tensors = calls.dense(calls.compute_type(*given.values()), **operands)
    output = calls.forward("deform_conv2d", _plan(tensors, a), tensors, operands["input"])
    return output if a.layout == "nchw" else output.permute(0, 3, 1, 2)


def _output(given: dict[str, Tensor], *pairs: _Several) -> Tensor:
    return computed(given, "none", *pairs)


def _gradients(
    grad: Tensor, given: dict[str, Tensor], names: list[str], *pairs: _Several
) -> dict[str, Tensor]:
    a = _attributes(_layout(given["input"]), *pairs)
    last = a.layout == "nhwc"
    operands = _permuted(given, 0, 2, 3, 1) if last else given
    grad = grad.permute(0, 2, 3, 1) if last else grad
    wanted = {name: operands[name] for name in names}
    grads = backward("deform_conv2d backward", grad, wanted, operands, a)
    return _permuted(grads, 0, 3, 1, 2) if last else grads


def _shape(given: dict[str, Tensor], *pairs: _Several) -> tuple[int, ...]:
    offset = given["offset"].shape
    return given["input"].shape[0], given["weight"].shape[0], offset[2], offset[3]


def _format(given: dict[str, Tensor], t: Tensor) -> Any:
    """Maps lie as the input does."""
    last = _layout(given["input"]) == "nhwc" and any(t is given.get(name) for name in _MAPS)
    return torch.channels_last if last else torch.contiguous_format


_deform_conv2d = Operator(
    "deform_conv2d",
    ("input", "offset", "weight", "bias?", "mask?"),
    "int[] stride, int[] padding, int[] dilation",
    _output,
    _gradients,
    _shape,
    _format,
)


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
    pairs = pair(stride, "stride"), pair(padding, "padding"), pair(dilation, "dilation")
    return _deform_conv2d(input, offset, weight, bias, mask, *pairs)
