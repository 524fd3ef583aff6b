"""Resize and Upsample, where they are PyTorch's F.interpolate.

ONNX has many rules for which pixel of the input stands where; the language has PyTorch's. What counts is not how a rule is
called: the positions that it gives are compared with those of the language.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .network import Array, Key
from .nodes import Node, Operand, refuse
from .views import View

#: Pixels of the input at output pixels i, where there are n of m and the scale is s.
POSITIONS: dict[str, Callable[[Array, int, int, float], Array]] = {
    "align_corners": lambda i, n, m, s: i * ((n - 1) / (m - 1) if m > 1 else 0.0),
    "asymmetric": lambda i, n, m, s: i / s,
    "half_pixel": lambda i, n, m, s: (i + 0.5) / s - 0.5,
    "pytorch_half_pixel": lambda i, n, m, s: (i + 0.5) / s - 0.5 if m > 1 else 0.0 * i,
    "half_pixel_symmetric": lambda i, n, m, s: (
        (i + 0.5) / s - 0.5 + n / 2 * (1 - m / (s * n)) if n else i
    ),
}
ROUNDED: dict[str, Callable[[Array], Array]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
NEAR = 1e-4  # of a pixel


def _sizes(n: Node, at: int, sizes: tuple[int, int]) -> tuple[list[int], list[float]]:
    """Rows and columns of the result, and both scales, from the operand of scales at `at` or that of sizes behind."""
    if n.given(at) and n.constant(at).size:
        scales = [float(s) for s in n.constant(at).ravel()]
        if len(scales) == 4 and scales[:2] == [1, 1]:
            scales = scales[2:]
        if len(scales) != 2 or min(scales) <= 0:
            refuse(f"its scales are {scales}, expected those of rows and columns")
        return [int(np.floor(s * size)) for s, size in zip(scales, sizes, strict=True)], scales
    wanted = n.whole_numbers(at + 1)
    wanted = wanted[2:] if len(wanted) == 4 else wanted
    if len(wanted) != 2 or min(wanted) < 1:
        refuse(f"its sizes are {wanted}, expected rows and columns")
    return wanted, [m / size for m, size in zip(wanted, sizes, strict=True)]


def _agrees(rule: str, rounding: str | None, n: int, m: int, s: float, mine: str) -> bool:
    """Whether along an axis both rules look at the same pixels."""
    i = np.arange(m, dtype=float)
    if rule not in POSITIONS:
        return False
    theirs, ours = POSITIONS[rule](i, n, m, s), POSITIONS[mine](i, n, m, m / n)
    if rounding is not None:
        theirs, ours = ROUNDED[rounding](theirs), np.floor(ours)
    theirs, ours = (np.clip(x, 0, n - 1) for x in (theirs, ours))
    return bool(np.all(np.abs(theirs - ours) < NEAR))


def _layer(n: Node, at: int, rule: str, rounding: str) -> list[Operand]:
    x = n.map(0)
    sizes, scales = _sizes(n, at, (x.shape[1], x.shape[2]))
    mode = n.text("mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear"):
        refuse(f"its mode is {mode}")
    nearest = mode == "nearest"
    for mine in ("asymmetric",) if nearest else ("half_pixel", "align_corners"):
        axes = zip(x.shape[1:3], sizes, scales, strict=True)
        if all(_agrees(rule, rounding if nearest else None, *axis, mine) for axis in axes):
            keys: dict[str, Key] = {"size": (sizes[0], sizes[1])}
            keys["mode"] = "nearest" if nearest else "bilinear"
            keys["align_corners"] = mine == "align_corners"
            out = n.layer("resize", [x], (x.shape[0], sizes[0], sizes[1], x.shape[3]), keys)
            return [View.of(out, "nchw")]
    return refuse(f"it looks at other pixels ({rule}, {mode}) than the language's resize")


def resize(n: Node) -> list[Operand]:
    """Resize of opset 11 and later; that of 10 is Upsample."""
    if len(n.operands) < 3:
        return upsample(n)
    if (
        n.a.get("axes") not in (None, [2, 3])
        or n.integer("exclude_outside", 0)
        or n.integer("antialias", 0)
    ):
        refuse("it has axes, exclude_outside or antialias")
    if n.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        refuse("it keeps the aspect ratio")
    rule = n.text("coordinate_transformation_mode", "half_pixel")
    return _layer(n, 2, rule, n.text("nearest_mode", "round_prefer_floor"))


def upsample(n: Node) -> list[Operand]:
    """By scales, from the upper left corner."""
    return _layer(n, 1, "asymmetric", "floor")
