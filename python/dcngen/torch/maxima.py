"""Where torchvision's roi_pool finds its maxima, and its gradient, which goes there.

Pixels of a bin, per axis, with s = round(x1 * scale), L = max(round(x2 * scale) - s + 1, 1) and n bins:

    floor(b * L / n) + s  <=  x  <  ceil((b + 1) * L / n) + s,   within the map

rounded in the type of the map. The first of equal maxima counts. -1 has a bin that is empty or of no image, and one of
which no pixel is above the lowest number of the type, NaN being below it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import numpy as np
import torch

from .._arrays import Array
from ..plans import Shape
from . import calls

Range = tuple[Array, Array]


def _round(v: Array) -> Array:
    """Half away from zero, as C does."""
    away: Array = np.copysign(np.floor(np.abs(v) + v.dtype.type(0.5)), v)
    return away


def _ranges(first: Array, last: Array, scale: float, bins: int, size: int) -> Range:
    """Begin and end of each bin of each region along an axis."""
    start, end = _round(first * first.dtype.type(scale)), _round(last * last.dtype.type(scale))
    length = np.maximum(end - start + 1, 1)
    each = (length / first.dtype.type(bins))[:, None]
    b = np.arange(bins + 1, dtype=first.dtype)
    low = np.floor(b[:-1] * each) + start[:, None]
    high = np.ceil(b[1:] * each) + start[:, None]
    low, high = (np.nan_to_num(np.clip(v, 0, size)).astype(int) for v in (low, high))
    return low, high


def _along(x: Array, axis: int, low: Array, high: Array) -> tuple[Array, Array]:
    """The maximum of each range along an axis, and how far behind its begin the first one is. All ranges advance together, the
    shorter ones staying at their last element, which is not greater than itself; an empty range has any element."""
    ends = np.maximum(high - 1, 0)
    best = x.take(np.minimum(low, ends), axis)
    steps = max(int((high - low).max()), 1)
    small = np.min_scalar_type(steps)
    far = np.zeros(best.shape, small)
    for step in range(1, steps):
        candidate = x.take(np.minimum(low + step, ends), axis)
        here = np.multiply((candidate > best).view(np.uint8), small.type(step), dtype=small)
        np.maximum(far, here, out=far)  # of steps that were better, the last one is the largest
        np.maximum(best, candidate, out=best)
    return best, far


def _region(x: Array, rows: Range, columns: Range) -> Array:
    """Places of the maxima of one region in an image [H, W, C], as [ph, pw, C]: of each row, then of the rows."""
    empty = (rows[0] >= rows[1])[:, None] | (columns[0] >= columns[1])
    if empty.all():
        return np.full((*empty.shape, x.shape[2]), -1)
    top, bottom = rows[0].min(), rows[1].max()
    best, right = _along(x[top:bottom], 1, *columns)
    best, down = _along(best, 0, rows[0] - top, rows[1] - top)
    row = down + (rows[0] - top).astype(np.int32)[:, None, None]
    row[empty] = 0
    column = np.take_along_axis(right, row, 0) + columns[0].astype(np.int32)[:, None]
    place: Array = (row + np.int32(top)) * np.int32(x.shape[1]) + column
    place[best <= np.finfo(x.dtype).min] = -1
    place[empty] = -1
    return place


def places(input: torch.Tensor, rois: torch.Tensor, scale: float, ph: int, pw: int) -> torch.Tensor:
    """[R, C, ph, pw] of int32: index of a pixel in its plane, or -1."""
    wide = calls.compute_type(input, rois)
    x, r = input.detach().to(wide).numpy(), rois.detach().to(wide).numpy()
    n, c, h, w = x.shape
    result = np.full((len(r), ph, pw, c), -1, np.int32)
    rows = _ranges(r[:, 2], r[:, 4], scale, ph, h)
    columns = _ranges(r[:, 1], r[:, 3], scale, pw, w)
    x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    if x.size and np.isnan(x.max()):
        x = np.where(np.isnan(x), -np.inf, x)
    for k in np.flatnonzero((r[:, 0] >= 0) & (r[:, 0] < n)):
        here = (rows[0][k], rows[1][k]), (columns[0][k], columns[1][k])
        result[k] = _region(x[int(r[k, 0])], *here)
    return torch.from_numpy(np.ascontiguousarray(result.transpose(0, 3, 1, 2)))


def scatter(
    grad: torch.Tensor, rois: torch.Tensor, argmax: torch.Tensor, shape: Shape
) -> torch.Tensor:
    """The gradient of the input, of that shape: each element of ``grad`` added where its maximum was."""
    n, c, h, w = shape
    result = torch.zeros(
        (n, c, h * w + 1), dtype=calls.compute_type(grad)
    )  # -1 is behind the plane
    images = rois[:, 0].to(torch.int64)
    for image, planes in enumerate(result):
        mine = images == image
        at = argmax[mine].transpose(0, 1).flatten(1).to(torch.int64)
        at.masked_fill_(at < 0, h * w)
        planes.scatter_add_(1, at, grad[mine].transpose(0, 1).flatten(1).to(planes.dtype))
    found: torch.Tensor = result[..., :-1].to(grad.dtype).reshape(shape)
    return found
