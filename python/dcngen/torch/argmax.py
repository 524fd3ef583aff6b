"""Where torchvision's roi_pool finds its maxima, for its backward operator.

Pixels of a bin, per axis, with s = round(x1 * scale), L = max(round(x2 * scale) - s + 1, 1) and n bins:

    floor(b * L / n) + s  <=  x  <  ceil((b + 1) * L / n) + s,   within the map

rounded in the type of the map. The first of equal maxima counts; an empty bin has -1.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import numpy as np
import torch

from .._arrays import Array


def _round(v: Array) -> Array:
    """Half away from zero, as C does."""
    away: Array = np.copysign(np.floor(np.abs(v) + v.dtype.type(0.5)), v)
    return away


def _ranges(first: Array, last: Array, scale: float, bins: int, size: int) -> tuple[Array, Array]:
    """Begin and end of each bin of each region along an axis."""
    start, end = _round(first * first.dtype.type(scale)), _round(last * last.dtype.type(scale))
    length = np.maximum(end - start + 1, 1)
    each = (length / first.dtype.type(bins))[:, None]
    b = np.arange(bins + 1, dtype=first.dtype)
    low = np.floor(b[:-1] * each) + start[:, None]
    high = np.ceil(b[1:] * each) + start[:, None]
    return np.clip(low, 0, size).astype(int), np.clip(high, 0, size).astype(int)


def _bin(x: Array, y0: int, y1: int, x0: int, x1: int) -> Array:
    """The place in the map of each channel's maximum."""
    if y0 >= y1 or x0 >= x1:
        return np.full(len(x), -1)
    window = np.where(np.isnan(x[:, y0:y1, x0:x1]), -np.inf, x[:, y0:y1, x0:x1])
    at = window.reshape(len(x), -1).argmax(1)
    place: Array = (y0 + at // (x1 - x0)) * x.shape[2] + x0 + at % (x1 - x0)
    return place


def roi_pool_argmax(
    input: torch.Tensor, rois: torch.Tensor, scale: float, ph: int, pw: int
) -> torch.Tensor:
    """[R, C, ph, pw] of int32: index of a pixel in its plane, or -1."""
    wide = torch.float64 if input.dtype == torch.float64 else torch.float32
    x = input.detach().to(wide).numpy()
    r = rois.detach().to(wide).numpy()
    _, c, h, w = x.shape
    result = np.full((len(r), c, ph, pw), -1, np.int32)
    rows, columns = (
        _ranges(r[:, 2], r[:, 4], scale, ph, h),
        _ranges(r[:, 1], r[:, 3], scale, pw, w),
    )
    for k, image in enumerate(r[:, 0].astype(int)):
        for i, (y0, y1) in enumerate(zip(rows[0][k], rows[1][k], strict=True)):
            for j, (x0, x1) in enumerate(zip(columns[0][k], columns[1][k], strict=True)):
                result[k, :, i, j] = _bin(x[image], y0, y1, x0, x1)
    return torch.from_numpy(result)
