"""What mmcv's Python code asks of its compiled part, ``mmcv._ext``.

mmcv allocates outputs and gradients, and hands them in to be written. Deformable convolutions have mmcv's slope, 0, at exactly -1.
Names and order of arguments are mmcv's.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch

from ..error import ENVIRONMENT, Error, wrong
from ..plans import Convolution, Pooling
from . import convolution, pooling
from .replace import Replaced, StandIn, take_over

Tensor = torch.Tensor


def _plain(k: dict[str, Any]) -> Convolution:
    return Convolution(
        (k["dH"], k["dW"]),
        (k["padH"], k["padW"]) * 2,
        (k["dilationH"], k["dilationW"]),
        gradient_border="mmcv",
        stated=(k["group"], k["deformable_group"]),
    )


def _modulated(k: dict[str, Any]) -> Convolution:
    return Convolution(
        (k["stride_h"], k["stride_w"]),
        (k["pad_h"], k["pad_w"]) * 2,
        (k["dilation_h"], k["dilation_w"]),
        gradient_border="mmcv",
        stated=(k["group"], k["deformable_group"]),
    )


def deform_conv_forward(
    input: Tensor, weight: Tensor, offset: Tensor, output: Tensor, *buffers: Tensor, **k: Any
) -> None:
    """Write the output of DCNv1."""
    call = "mmcv deform_conv_forward"
    convolution.forward(call, input, offset, weight, None, None, _plain(k), output)


def _backward(
    call: str,
    grad_output: Tensor,
    given: dict[str, Tensor],
    targets: dict[str, Tensor],
    a: Convolution,
) -> None:
    wanted = {name: given[name] for name in targets}
    grads = convolution.backward(call, grad_output, wanted, given, a)
    for name, target in targets.items():
        target.add_(grads[name])


def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    *buffers: Tensor,
    **k: Any,
) -> None:
    """Add to the gradients of input and offset."""
    given = {"input": input, "offset": offset, "weight": weight}
    targets = {"input": grad_input, "offset": grad_offset}
    _backward("mmcv deform_conv_backward_input", grad_output, given, targets, _plain(k))


def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    *buffers: Tensor,
    **k: Any,
) -> None:
    """Add ``scale`` times the gradient of the weight."""
    given = {"input": input, "offset": offset, "weight": torch.zeros_like(grad_weight)}
    grad = torch.zeros_like(grad_weight)
    call = "mmcv deform_conv_backward_parameters"
    _backward(call, grad_output, given, {"weight": grad}, _plain(k))
    grad_weight.add_(grad, alpha=k.get("scale", 1))


def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    **k: Any,
) -> None:
    """Write the output of DCNv2."""
    used = bias if k["with_bias"] else None
    call = "mmcv modulated_deform_conv_forward"
    convolution.forward(call, input, offset, weight, used, mask, _modulated(k), output)


def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    **k: Any,
) -> None:
    """Add to all gradients of DCNv2."""
    given = {"input": input, "weight": weight, "offset": offset, "mask": mask}
    targets = {
        "input": grad_input,
        "weight": grad_weight,
        "offset": grad_offset,
        "mask": grad_mask,
    }
    if k["with_bias"]:
        given["bias"], targets["bias"] = bias, grad_bias
    call = "mmcv modulated_deform_conv_backward"
    _backward(call, grad_output, given, targets, _modulated(k))


def _deform_pooling(k: dict[str, Any]) -> Pooling:
    size = k["pooled_height"], k["pooled_width"]
    return Pooling(size, k["spatial_scale"], int(k["sampling_ratio"]), None, float(k["gamma"]))


def deform_roi_pool_forward(
    input: Tensor, rois: Tensor, offset: Tensor, output: Tensor, **k: Any
) -> None:
    """Write the output of deformable RoI pooling; an offset without elements is none."""
    given = {"input": input, "rois": rois}
    if offset.numel():
        given["offset"] = offset
    call = "mmcv deform_roi_pool_forward"
    pooling.forward(call, "deform_roi_pool", given, _deform_pooling(k), output)


def deform_roi_pool_backward(
    grad_output: Tensor,
    input: Tensor,
    rois: Tensor,
    offset: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    **k: Any,
) -> None:
    """Add to the gradients of input and offset."""
    given, targets = {"input": input, "rois": rois}, {"input": grad_input}
    if offset.numel():
        given["offset"], targets["offset"] = offset, grad_offset
    wanted = {name: given[name] for name in targets}
    call, a = "mmcv deform_roi_pool_backward", _deform_pooling(k)
    shape = tuple(input.shape)
    grads = pooling.backward(call, "deform_roi_pool", grad_output, shape, given, wanted, a)
    for name, target in targets.items():
        target.add_(grads[name])


def _align(k: dict[str, Any]) -> Pooling:
    if k["pool_mode"] != 1:
        wrong("mmcv roi_align: dcngen has its average only, not pool_mode='max'")
    size = k["aligned_height"], k["aligned_width"]
    return Pooling(size, k["spatial_scale"], int(k["sampling_ratio"]), bool(k["aligned"]))


def roi_align_forward(
    input: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor, argmax_x: Tensor, **k: Any
) -> None:
    """Write the output of RoIAlign."""
    given = {"input": input, "rois": rois}
    pooling.forward("mmcv roi_align_forward", "roi_align", given, _align(k), output)


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    **k: Any,
) -> None:
    """Add to the gradient of the input."""
    call, given = "mmcv roi_align_backward", {"rois": rois}
    wanted, shape = {"input": grad_input}, tuple(grad_input.shape)
    grads = pooling.backward(call, "roi_align", grad_output, shape, given, wanted, _align(k))
    grad_input.add_(grads["input"])


_FUNCTIONS = {
    f.__name__: f
    for f in (
        deform_conv_forward,
        deform_conv_backward_input,
        deform_conv_backward_parameters,
        modulated_deform_conv_forward,
        modulated_deform_conv_backward,
        deform_roi_pool_forward,
        deform_roi_pool_backward,
        roi_align_forward,
        roi_align_backward,
    )
}


def override() -> Replaced | StandIn:
    """``mmcv._ext`` on the CPU; where mmcv was installed without it (mmcv-lite), in its place."""
    if importlib.util.find_spec("mmcv") is None:
        raise Error(ENVIRONMENT, "patch: there is no package mmcv (mmcv-lite is enough)")
    return take_over("mmcv._ext", dict(_FUNCTIONS))
