"""Operators as functions of arrays, with torchvision's names and arguments.

Arrays are numpy's, or anything with ``__dlpack__`` or numpy's protocols on the CPU. The result is float64 if ``input`` is, else
float32; other operands are converted to that. Nothing is copied that is dense and of that type already. Letters: N batch, C
channels, H W input size, O output channels, P Q output size, K = kh * kw taps, D offset groups, R regions.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _arrays, plans
from ._arrays import Array
from .arguments import flag, integer, pair, real
from .error import wrong
from .plan import Plan

Size = int | tuple[int, int]


def _operands(
    needed: Mapping[str, Any], optional: Mapping[str, Any]
) -> tuple[np.dtype[Any], dict[str, Array]]:
    """The common dtype, and all operands that are there as dense arrays of it."""
    dtype = _dtype(_arrays.view(needed["input"], "input"))
    arrays = {name: _arrays.ready(a, dtype, name) for name, a in needed.items()}
    for name, a in optional.items():
        if a is not None:
            arrays[name] = _arrays.ready(a, dtype, name)
    return dtype, arrays


def _dtype(input: Array) -> np.dtype[Any]:
    return _arrays.F64 if _arrays.is_f64(input) else _arrays.F32


def _name(dtype: np.dtype[Any]) -> str:
    return "f64" if dtype == _arrays.F64 else "f32"


def _shape(arrays: Mapping[str, Array], name: str) -> tuple[int, ...] | None:
    return arrays[name].shape if name in arrays else None


def run(plan: Plan, arrays: Mapping[str, Array], dtype: np.dtype[Any], out: Any) -> Array:
    """The output, or ``out``, written to."""
    result = _arrays.output(out, "out", plan.shape, dtype)
    if plan.kernel is None:
        result[...] = 0
        return result
    addresses = plan.blank()
    for i, name, _ in plan.reads:
        addresses[i] = _arrays.pointer(arrays[name])
    addresses[plan.writes[0][0]] = _arrays.pointer(result)
    plan.run(addresses)
    return result


def deform_conv2d(
    input: Any,
    offset: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    mask: Any = None,
    *,
    out: Any = None,
) -> Array:
    """Deformable convolution (DCNv1), with ``mask`` the modulated one (DCNv2).

    Args:
        input: [N, C, H, W].
        offset: [N, 2*D*K, P, Q], in pixels; (dy, dx) of each tap side by side.
        weight: [O, C/groups, kh, kw]; groups follow from its shape, D from that of offset.
        bias: [O].
        stride, padding, dilation: In pixels, one number or (vertical, horizontal).
        mask: [N, D*K, P, Q], factors of the samples, as they are.
        out: What is written and returned.

    Returns:
        [N, O, P, Q], with P = (H + 2*padding - dilation*(kh-1) - 1) // stride + 1.
    """
    dtype, arrays = _operands(
        {"input": input, "offset": offset, "weight": weight}, {"bias": bias, "mask": mask}
    )
    a = plans.Convolution(
        pair(stride, "stride"), pair(padding, "padding") * 2, pair(dilation, "dilation")
    )
    plan = plans.deform_conv2d(
        _name(dtype),
        arrays["input"].shape,
        arrays["weight"].shape,
        arrays["offset"].shape,
        _shape(arrays, "mask"),
        _shape(arrays, "bias"),
        a,
        0,
    )
    return run(plan, arrays, dtype, out)


def aggregation(
    groups: int,
    kernel_size: Size,
    stride: Size,
    padding: Size,
    dilation: Size,
    offset_scale: float,
    remove_center: bool,
    softmax: bool,
) -> plans.Aggregation:
    """Attributes as callers give them: what is no number or no pair is an error by name."""
    return plans.Aggregation(
        integer(groups, "groups", 1),
        pair(kernel_size, "kernel_size"),
        pair(stride, "stride"),
        pair(padding, "padding"),
        pair(dilation, "dilation"),
        real(offset_scale, "offset_scale"),
        flag(remove_center, "remove_center"),
        "softmax" if flag(softmax, "softmax") else "mask",
    )


def dcnv3(
    input: Any,
    offset: Any,
    mask: Any,
    groups: int,
    kernel_size: Size = 3,
    stride: Size = 1,
    padding: Size = 1,
    dilation: Size = 1,
    offset_scale: float = 1.0,
    remove_center: bool = False,
    *,
    softmax: bool = False,
    out: Any = None,
) -> Array:
    """The core of DCNv3: each channel a sum of samples of itself.

    Args:
        input: [N, H, W, C].
        offset: [N, P, Q, 2*groups*K'], in pixels; (dx, dy) of each tap, which run column by column. K' is K, less 1 with
            ``remove_center``.
        mask: [N, P, Q, groups*K'], factors of the samples; with ``softmax`` their logits.
        groups: Groups of channels with offsets of their own.
        kernel_size, stride, padding, dilation: One number or (vertical, horizontal).
        offset_scale: A factor of the dilated grid and of the offsets.
        remove_center: Leave out the tap in the middle.
        softmax: Take the softmax of ``mask`` over the taps of a pixel and group.
        out: What is written and returned.

    Returns:
        [N, P, Q, C].
    """
    dtype, arrays = _operands({"input": input, "offset": offset, "mask": mask}, {})
    a = aggregation(
        groups, kernel_size, stride, padding, dilation, offset_scale, remove_center, softmax
    )
    plan = plans.aggregate(
        "dcnv3",
        _name(dtype),
        arrays["input"].shape,
        arrays["offset"].shape,
        _shape(arrays, "mask"),
        a,
        0,
    )
    return run(plan, arrays, dtype, out)


def dcnv4(
    input: Any,
    offset_mask: Any,
    groups: int,
    kernel_size: Size = 3,
    stride: Size = 1,
    padding: Size = 1,
    dilation: Size = 1,
    offset_scale: float = 1.0,
    remove_center: bool = False,
    *,
    softmax: bool = False,
    out: Any = None,
) -> Array:
    """The core of DCNv4: as :func:`dcnv3`, but offsets and masks come in one tensor.

    Args:
        input: [N, H, W, C].
        offset_mask: [N, P, Q, F]; of each group the offsets of its K' taps, then their masks; F is 3*groups*K' rounded up to
            a multiple of 8.
        groups, kernel_size, stride, padding, dilation, offset_scale, remove_center, softmax, out: As of :func:`dcnv3`.

    Returns:
        [N, P, Q, C].
    """
    dtype, arrays = _operands({"input": input, "offset_mask": offset_mask}, {})
    a = aggregation(
        groups, kernel_size, stride, padding, dilation, offset_scale, remove_center, softmax
    )
    shape = arrays["offset_mask"].shape
    plan = plans.aggregate("dcnv4", _name(dtype), arrays["input"].shape, shape, None, a, 0)
    return run(plan, arrays, dtype, out)


def _boxes(boxes: Any, dtype: np.dtype[Any]) -> Any:
    """Regions as [R, 5]; a list has the [L, 4] of one image after another."""
    if not isinstance(boxes, list | tuple):
        return boxes
    rows = [np.zeros((0, 5), dtype)]
    for i, of_image in enumerate(boxes):
        each = _arrays.view(of_image, f"boxes[{i}]")
        if each.shape == (0,):
            continue
        if each.ndim != 2 or each.shape[1] != 4:
            wrong(f"boxes[{i}] has shape {each.shape}, expected (regions of image {i}, 4)")
        image = np.full((len(each), 1), i, dtype)
        rows.append(np.concatenate([image, _arrays.dense(each, dtype, f"boxes[{i}]")], axis=1))
    return np.concatenate(rows)


def _pooling(
    output_size: Size,
    spatial_scale: float,
    sampling_ratio: int | None = None,
    aligned: bool | None = None,
    gamma: float | None = None,
) -> plans.Pooling:
    return plans.Pooling(
        pair(output_size, "output_size"),
        real(spatial_scale, "spatial_scale"),
        sampling_ratio,
        aligned,
        gamma,
    )


def _pool(
    op: str,
    input: Any,
    boxes: Any,
    a: plans.Pooling,
    out: Any,
    offset: Any = None,
    mask: Any = None,
) -> Array:
    input = _arrays.view(input, "input")
    rois = _arrays.view(_boxes(boxes, _dtype(input)), "boxes")
    dtype, arrays = _operands({"input": input, "rois": rois}, {"offset": offset, "mask": mask})
    plan = plans.pool(
        op,
        _name(dtype),
        arrays["input"].shape,
        arrays["rois"].shape,
        _shape(arrays, "offset"),
        _shape(arrays, "mask"),
        a,
        0,
    )
    return run(plan, arrays, dtype, out)


def roi_align(
    input: Any,
    boxes: Any,
    output_size: Size,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
    *,
    out: Any = None,
) -> Array:
    """RoIAlign: each bin of a region is the average of bilinear samples.

    Args:
        input: [N, C, H, W].
        boxes: [R, 5], rows of image index, x1, y1, x2, y2, in pixels of the image; or a list with an [L, 4] for each image.
        output_size: Bins of a region, one number or (vertical, horizontal).
        spatial_scale: Pixels of ``input`` per pixel of the image.
        sampling_ratio: Samples of a bin along each axis; 0 or less: as many as it has pixels.
        aligned: Move regions by half a pixel, and give them no least size.
        out: What is written and returned.

    Returns:
        [R, C, bins, bins].
    """
    ratio = integer(sampling_ratio, "sampling_ratio")
    a = _pooling(output_size, spatial_scale, ratio, flag(aligned, "aligned"))
    return _pool("roi_align", input, boxes, a, out)


def roi_pool(
    input: Any, boxes: Any, output_size: Size, spatial_scale: float = 1.0, *, out: Any = None
) -> Array:
    """RoI pooling as torchvision has it: each bin of a region is the maximum of its pixels.

    Args:
        input, boxes, output_size, spatial_scale, out: As of :func:`roi_align`.

    Returns:
        [R, C, bins, bins].
    """
    a = _pooling(output_size, spatial_scale)
    return _pool("roi_pool", input, boxes, a, out)


def ps_roi_align(
    input: Any,
    boxes: Any,
    output_size: Size,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    *,
    out: Any = None,
) -> Array:
    """Position-sensitive RoIAlign: each bin has channels of ``input`` of its own.

    Args:
        input: [N, C, H, W]; C is a multiple of the number of bins.
        boxes, output_size, spatial_scale, sampling_ratio, out: As of :func:`roi_align`.

    Returns:
        [R, C / (bins * bins), bins, bins].
    """
    a = _pooling(output_size, spatial_scale, integer(sampling_ratio, "sampling_ratio"))
    return _pool("ps_roi_align", input, boxes, a, out)


def ps_roi_pool(
    input: Any, boxes: Any, output_size: Size, spatial_scale: float = 1.0, *, out: Any = None
) -> Array:
    """Position-sensitive RoI pooling: averages of whole pixels, with torchvision's rounding.

    Args:
        input, boxes, output_size, spatial_scale, out: As of :func:`ps_roi_align`.

    Returns:
        [R, C / (bins * bins), bins, bins].
    """
    a = _pooling(output_size, spatial_scale)
    return _pool("ps_roi_pool", input, boxes, a, out)


def deform_roi_pool(
    input: Any,
    boxes: Any,
    offset: Any,
    output_size: Size,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    gamma: float = 0.1,
    mask: Any = None,
    *,
    out: Any = None,
) -> Array:
    """Deformable RoI pooling as in mmcv; with ``mask`` that of DCNv2.

    Args:
        input: [N, C, H, W].
        boxes: As of :func:`roi_align`.
        offset: [R, 2, bins, bins], x before y, in shares of the region's size; or None.
        output_size, spatial_scale, sampling_ratio: As of :func:`roi_align`.
        gamma: A factor of the offsets.
        mask: [R, 1, bins, bins], factors of the bins.
        out: What is written and returned.

    Returns:
        [R, C, bins, bins].
    """
    ratio = integer(sampling_ratio, "sampling_ratio")
    a = _pooling(output_size, spatial_scale, ratio, None, real(gamma, "gamma"))
    return _pool("deform_roi_pool", input, boxes, a, out, offset, mask)
