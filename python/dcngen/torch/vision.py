"""torchvision's operators on the CPU, taken over in torch's dispatcher.

An override stands below autograd: torchvision's own formulas call the backward operators, which are taken over, too; but that of
roi_pool, which has one of its own. Results are contiguous, as the operators promise.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from .. import plans
from ..plans import Convolution, Pooling
from . import convolution, log, maxima, pooling

Tensor = torch.Tensor
_torch: Any = torch  # of whose names older versions lack some


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


class _Unread(threading.local):
    """Whether nobody reads the places of the maxima of the call in hand."""

    here = False


_unread = _Unread()


def roi_pool(input: Tensor, rois: Tensor, scale: float, ph: int, pw: int) -> tuple[Tensor, Tensor]:
    """torchvision::roi_pool: the output, and for torchvision's gradient, where somebody may call it, the places of the maxima."""
    output = _pool("roi_pool", input, rois, Pooling((ph, pw), scale))
    if _unread.here or torch.is_inference_mode_enabled():
        return output, torch.from_numpy(np.full(output.shape, -1, np.int32))
    return output, maxima.places(input, rois, scale, ph, pw)


def _below_autograd() -> AbstractContextManager[Any]:
    """In older versions it holds as long as the object lives."""
    guard = _torch._C._AutoDispatchBelowAutograd()
    return guard if hasattr(guard, "__enter__") else nullcontext(guard)


#: Whether there may be graphs from before the patch, of this process or kept by another: torchvision's gradient may be a part of them,
#: and they call the operator in a mode without gradients.
_graphs = False


def differentiable_roi_pool(
    input: Tensor, rois: Tensor, scale: float, ph: int, pw: int
) -> tuple[Tensor, Tensor]:
    """torchvision::roi_pool in the place of torchvision's formula of its gradient, whose kernel looks for the maxima again."""
    if torch.is_grad_enabled() and (input.requires_grad or rois.requires_grad):
        output = pooling.roi_pool(input, rois, scale, ph, pw)
        return output, torch.full((1,), -1, dtype=torch.int32).expand(output.shape)
    before, _unread.here = _unread.here, not _graphs
    try:
        with _below_autograd():
            return _torch.ops.torchvision.roi_pool(input, rois, scale, ph, pw)  # type: ignore[no-any-return]
    finally:
        _unread.here = before


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
    """torchvision::_roi_pool_backward, of a forward that ran before the patch or in a graph from before it."""
    log.apart("torchvision::_roi_pool_backward", "its forward is from before the patch")
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


#: By dispatch key.
_TABLES: dict[str, dict[str, Callable[..., Any]]] = {
    "AutogradCPU": {"roi_pool": differentiable_roi_pool},
    "CPU": _TABLE,
}


_TAG = "+dcngen.torch.patch"


def _compiler_config() -> Any:
    return getattr(getattr(torch, "compiler", None), "config", None)


def _forget_graphs(patched: bool) -> None:
    """What torch found out about the operator without the patch, or with it. Graphs that it keeps, also from one process to the
    next, are others under the patch: the gradient is a part of them."""
    config = _compiler_config()
    if hasattr(config, "cache_key_tag"):
        config.cache_key_tag = config.cache_key_tag.replace(_TAG, "") + _TAG * patched
    getattr(_torch.ops.torchvision.roi_pool.default, "_dispatch_cache", {}).clear()


def _may_have_graphs() -> bool:
    """Whether torch.compile made a graph in this process, or may find one of another process that it cannot tell apart."""
    if hasattr(torch, "compile") and not hasattr(_compiler_config(), "cache_key_tag"):
        return True
    counters: Any = getattr(sys.modules.get("torch._dynamo.utils"), "counters", {})
    return bool(counters.get("frames"))


class Override:
    """In force from its making to :meth:`undo`."""

    def __init__(self) -> None:
        import torchvision  # noqa: F401, PLC0415  registers the operators

        global _graphs
        _graphs = _graphs or _may_have_graphs()
        self._libraries: list[Any] = []
        with warnings.catch_warnings():  # that a kernel is overridden is what was asked for
            warnings.simplefilter("ignore")
            for key, table in _TABLES.items():
                self._libraries.append(torch.library.Library("torchvision", "IMPL", key))
                for name, function in table.items():
                    self._libraries[-1].impl(name, function)
        _forget_graphs(True)

    def undo(self) -> None:
        """The kernels that were there before are in force again."""
        for library in reversed(self._libraries):
            if hasattr(library, "_destroy"):
                library._destroy()
        self._libraries.clear()
        _forget_graphs(False)
