"""torchvision's operators on the CPU, taken over in torch's dispatcher.

An override stands below autograd: torchvision's own formulas call the backward operators, which are taken over, too. Results
are contiguous, as the operators promise.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from .. import plans
from ..plans import Convolution, Pooling
from . import convolution, log, maxima, pooling

Tensor = torch.Tensor

#: Why no kernel of dcngen computes the gradient of roi_pool.
_SCATTERED = (
    "a kernel would look for the maxima in the map, and the operator is told where they were instead: "
    "torch adds up there what comes back"
)


@lru_cache(plans.REMEMBERED)
def _convolution(v: tuple[int, ...]) -> Convolution:
    """From stride_h to n_offset_grps, integers as the schema says."""
    return Convolution((v[0], v[1]), (v[2], v[3]) * 2, (v[4], v[5]), stated=(v[6], v[7]))


def deform_conv2d(
    input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor, *rest: Any
) -> Tensor:
    """torchvision::deform_conv2d; rest: stride, padding, dilation (h and w of each), groups, offset groups, use_mask."""
    used = mask if rest[8] else None
    call = "torchvision::deform_conv2d"
    return convolution.forward(call, input, offset, weight, bias, used, _convolution(rest))


def deform_conv2d_backward(
    grad: Tensor,
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor,
    bias: Tensor,
    *rest: Any,
) -> tuple[Tensor, ...]:
    """torchvision::_deform_conv2d_backward, with the slope at exactly -1 as torchvision has it."""
    given = {"input": input, "weight": weight, "offset": offset, "bias": bias}
    if rest[8]:
        given["mask"] = mask
    call = "torchvision::_deform_conv2d_backward"
    grads = convolution.backward(call, grad, given, given, _convolution(rest))
    grad_mask = grads["mask"] if rest[8] else torch.zeros_like(mask)
    return grads["input"], grads["weight"], grads["offset"], grad_mask, grads["bias"]


def _pool(op: str, input: Tensor, rois: Tensor, a: Pooling) -> Tensor:
    return pooling.forward(f"torchvision::{op}", op, {"input": input, "rois": rois}, a)


def _pool_backward(op: str, grad: Tensor, rois: Tensor, shape: plans.Shape, a: Pooling) -> Tensor:
    wanted = {"input": grad.new_empty(shape)}
    call = f"torchvision::_{op}_backward"
    return pooling.backward(call, op, grad, shape, {"rois": rois}, wanted, a)["input"]


def roi_align(
    input: Tensor, rois: Tensor, scale: float, ph: int, pw: int, ratio: int, aligned: bool
) -> Tensor:
    """torchvision::roi_align."""
    return _pool("roi_align", input, rois, Pooling((ph, pw), scale, ratio, aligned))


def roi_align_backward(
    grad: Tensor,
    rois: Tensor,
    scale: float,
    ph: int,
    pw: int,
    n: int,
    c: int,
    h: int,
    w: int,
    ratio: int,
    aligned: bool,
) -> Tensor:
    """torchvision::_roi_align_backward."""
    a = Pooling((ph, pw), scale, ratio, aligned)
    return _pool_backward("roi_align", grad, rois, (n, c, h, w), a)


def roi_pool(input: Tensor, rois: Tensor, scale: float, ph: int, pw: int) -> tuple[Tensor, Tensor]:
    """torchvision::roi_pool: the output, and for its backward operator where each maximum was found. Whether that one will be
    called nobody tells, for intermediate results of a compiled graph require no gradients; in inference mode it cannot be."""
    output = _pool("roi_pool", input, rois, Pooling((ph, pw), scale))
    if torch.is_inference_mode_enabled():
        return output, torch.full(output.shape, -1, dtype=torch.int32)
    return output, maxima.places(input, rois, scale, ph, pw)


def roi_pool_backward(
    grad: Tensor,
    rois: Tensor,
    argmax: Tensor,
    scale: float,
    ph: int,
    pw: int,
    n: int,
    c: int,
    h: int,
    w: int,
) -> Tensor:
    """torchvision::_roi_pool_backward."""
    log.apart("torchvision::_roi_pool_backward", _SCATTERED)
    return maxima.scatter(grad, rois, argmax, (n, c, h, w))


def _channel_mapping(output: Tensor) -> Tensor:
    """The channel of the input that each element of a position-sensitive output reads."""
    r, c, ph, pw = output.shape
    one = torch.arange(c * ph * pw, dtype=torch.int32).view(1, c, ph, pw)
    mapping: Tensor = one.expand(r, c, ph, pw).contiguous()
    return mapping


def ps_roi_align(
    input: Tensor, rois: Tensor, scale: float, ph: int, pw: int, ratio: int
) -> tuple[Tensor, Tensor]:
    """torchvision::ps_roi_align: the output, and which channels it read."""
    output = _pool("ps_roi_align", input, rois, Pooling((ph, pw), scale, ratio))
    return output, _channel_mapping(output)


def ps_roi_align_backward(
    grad: Tensor,
    rois: Tensor,
    mapping: Tensor,
    scale: float,
    ph: int,
    pw: int,
    ratio: int,
    n: int,
    c: int,
    h: int,
    w: int,
) -> Tensor:
    """torchvision::_ps_roi_align_backward."""
    return _pool_backward("ps_roi_align", grad, rois, (n, c, h, w), Pooling((ph, pw), scale, ratio))


def ps_roi_pool(
    input: Tensor, rois: Tensor, scale: float, ph: int, pw: int
) -> tuple[Tensor, Tensor]:
    """torchvision::ps_roi_pool: the output, and which channels it read."""
    output = _pool("ps_roi_pool", input, rois, Pooling((ph, pw), scale))
    return output, _channel_mapping(output)


def ps_roi_pool_backward(
    grad: Tensor,
    rois: Tensor,
    mapping: Tensor,
    scale: float,
    ph: int,
    pw: int,
    n: int,
    c: int,
    h: int,
    w: int,
) -> Tensor:
    """torchvision::_ps_roi_pool_backward. Bins of the output end before the last row and column of the map, those of
    torchvision's gradient after them: they are the bins of a map with a row and a column more, which get nothing."""
    wider = _pool_backward(
        "ps_roi_pool", grad, rois, (n, c, h + 1, w + 1), Pooling((ph, pw), scale)
    )
    found: Tensor = wider[:, :, :h, :w].contiguous()
    return found


_TABLE: dict[str, Callable[..., Any]] = {
    "deform_conv2d": deform_conv2d,
    "_deform_conv2d_backward": deform_conv2d_backward,
    "roi_align": roi_align,
    "_roi_align_backward": roi_align_backward,
    "roi_pool": roi_pool,
    "_roi_pool_backward": roi_pool_backward,
    "ps_roi_align": ps_roi_align,
    "_ps_roi_align_backward": ps_roi_align_backward,
    "ps_roi_pool": ps_roi_pool,
    "_ps_roi_pool_backward": ps_roi_pool_backward,
}


class Override:
    """In force from its making to :meth:`undo`."""

    def __init__(self) -> None:
        import torchvision  # noqa: F401, PLC0415  registers the operators

        self._library: Any = torch.library.Library("torchvision", "IMPL", "CPU")
        with warnings.catch_warnings():  # that a kernel is overridden is what was asked for
            warnings.simplefilter("ignore")
            for name, function in _TABLE.items():
                self._library.impl(name, function)

    def undo(self) -> None:
        """The kernels that were there before are in force again."""
        if hasattr(self._library, "_destroy"):
            self._library._destroy()
        self._library = None
