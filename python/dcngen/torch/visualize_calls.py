"""Calls of deformable operators, watched from above autograd, whoever makes them.

Every such operator is called through some attribute: of torch.ops, of a class that is an autograd.Function, of a module, of
dcngen's own. Each of these is replaced while a :class:`Watch` is in force, and hands its calls to whoever watches.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch

from ..plans import Aggregation, pair
from ..specs import Value, spec_text
from . import aggregation, convolution, internimage, pooling

_torch: Any = torch  # which does not say that it has ops
Tensor = torch.Tensor
Given = dict[str, Tensor]
Run = Callable[[Given], Tensor]


class Call(NamedTuple):
    """One call: an operator of the spec language, its operands by their names, its attributes."""

    op: str
    given: Given
    values: dict[str, Value]

    def where(self) -> str:
        """The operand that says where it samples."""
        return "offset_mask" if self.op == "dcnv4" else "offset"

    def channels_last(self) -> bool:
        """Whether maps are [N, H, W, C]."""
        return self.op.startswith("dcnv")

    def spec(self) -> str:
        """Text of the spec language."""
        n, a, b, c = self.given["input"].shape
        c, h, w = (c, a, b) if self.channels_last() else (a, b, c)
        sizes: dict[str, Value] = {"batch": n, "height": h, "width": w}
        if "rois" in self.given:
            sizes["rois"] = len(self.given["rois"])
        channels = "in_channels" if self.op == "deform_conv2d" else "channels"
        return spec_text(self.op, {"name": self.op, channels: c, **sizes, **self.values})


Watcher = Callable[[Call, Run], Tensor]


# ---- what each caller hands over -----------------------------------------------------------------


def _convolution(given: Given, *pairs: Any) -> Call:
    """pairs: stride, padding, dilation."""
    stride, padding, dilation = (
        pair(p, name) for p, name in zip(pairs, ("stride", "padding", "dilation"), strict=True)
    )
    out_channels, group_channels, *kernel = given["weight"].shape
    taps = kernel[0] * kernel[1]
    values: dict[str, Value] = {
        "out_channels": out_channels,
        "kernel_size": (kernel[0], kernel[1]),
        "groups": given["input"].shape[1] // group_channels,
        "offset_groups": given["offset"].shape[1] // (2 * taps),
        "modulation": "mask" if "mask" in given else "none",
        "stride": stride,
        "padding": padding * 2,
        "dilation": dilation,
    }
    return Call("deform_conv2d", given, values)


def _aggregation(op: str, given: Given, a: Aggregation) -> Call:
    values: dict[str, Value] = {
        "groups": a.groups,
        "kernel_size": a.kernel_size,
        "stride": a.stride,
        "padding": a.padding,
        "dilation": a.dilation,
        "offset_scale": a.offset_scale,
        "remove_center": bool(a.remove_center),
    }
    return Call(op, given, values)


def _pooling(given: Given, size: Any, scale: float, ratio: int, gamma: float) -> Call:
    values: dict[str, Value] = {
        "output_size": pair(size, "output_size"),
        "spatial_scale": float(scale),
        "sampling_ratio": max(int(ratio), 0),
        "gamma": float(gamma),
    }
    return Call("deform_roi_pool", given, values)


class _Caller(NamedTuple):
    """How a caller's arguments are read: its first ones are these operands, from all of which a call is made."""

    operands: tuple[str, ...]
    read: Callable[..., Call]


def _torchvision(given: Given, *rest: Any) -> Call:
    """rest: stride, padding, dilation (h and w of each), groups, offset groups, use_mask."""
    used = given if rest[8] else {name: t for name, t in given.items() if name != "mask"}
    return _convolution(used, rest[0:2], rest[2:4], rest[4:6])


def _mmcv(given: Given, stride: Any = 1, padding: Any = 0, dilation: Any = 1, *_: Any) -> Call:
    return _convolution(given, stride, padding, dilation)


def _mmcv_pool(
    given: Given, size: Any, scale: float = 1.0, ratio: int = 0, gamma: float = 0.1
) -> Call:
    return _pooling(given, size, scale, ratio, gamma)


def _internimage(op: str, remove_center: int) -> Callable[..., Call]:
    """rest: kernel_h … offset_scale, and remove_center at that place, if it is there."""

    def read(given: Given, *rest: Any) -> Call:
        removed = rest[remove_center] if len(rest) > remove_center else False
        return _aggregation(op, given, internimage._attributes(rest, removed))

    return read


def _core(given: Given, *rest: Any) -> Call:
    """dcnv3_core_pytorch, which pads height by pad_w and width by pad_h."""
    call = _internimage("dcnv3", 11)(given, *rest)
    padding = call.values["padding"]
    assert isinstance(padding, tuple)
    call.values["padding"] = padding[::-1]
    return call


def _our_aggregation(op: str) -> Callable[..., Call]:
    return lambda given, *rest: _aggregation(op, given, aggregation._attributes(*rest))


#: Classes that are autograd.Functions, of whatever module, by name.
_FUNCTIONS = {
    "DeformConv2dFunction": _Caller(("input", "offset", "weight"), _mmcv),
    "ModulatedDeformConv2dFunction": _Caller(("input", "offset", "mask", "weight", "bias"), _mmcv),
    "DeformRoIPoolFunction": _Caller(("input", "rois", "offset"), _mmcv_pool),
    "DCNv3Function": _Caller(("input", "offset", "mask"), _internimage("dcnv3", 12)),
    "DCNv4Function": _Caller(("input", "offset_mask"), _internimage("dcnv4", 12)),
}
_CORE = _Caller(("input", "offset", "mask"), _core)
_TORCHVISION = _Caller(("input", "weight", "offset", "mask", "bias"), _torchvision)
_OPERATORS = (
    (
        convolution._deform_conv2d,
        _Caller(("input", "offset", "weight", "bias", "mask"), _convolution),
    ),
    (aggregation._dcnv3, _Caller(("input", "offset", "mask"), _our_aggregation("dcnv3"))),
    (aggregation._dcnv4, _Caller(("input", "offset_mask"), _our_aggregation("dcnv4"))),
    (pooling._deform_roi_pool, _Caller(("input", "rois", "offset", "mask"), _pooling)),
)


# ---- in force ----------------------------------------------------------------------------------------


def _globals() -> Iterator[tuple[Any, str, Any]]:
    """Every module with each of its names."""
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            yield module, name, value


def _is_function(value: Any) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, torch.autograd.Function)
        and value.__name__ in _FUNCTIONS
    )


class Watch:
    """In force from its making to :meth:`undo`; :meth:`during` says who watches this thread's calls."""

    def __init__(self) -> None:
        self._watcher: Watcher | None = None
        self._thread = threading.get_ident()
        self._undo: list[Callable[[], None]] = []
        for operator, caller in _OPERATORS:
            self._replace(operator, "_call", caller)
        if "torchvision" in sys.modules:
            self._replace(_torch.ops.torchvision, "deform_conv2d", _TORCHVISION)
        every = list(_globals())
        functions = {value for _, _, value in every if _is_function(value)}
        for module, name, value in every:
            if name == "dcnv3_core_pytorch" and callable(value):
                self._replace(module, name, _CORE)
            elif isinstance(value, types.BuiltinMethodType | types.MethodType):
                of = value.__self__
                if value.__name__ == "apply" and isinstance(of, type) and of in functions:
                    self._replace(module, name, _FUNCTIONS[of.__name__])
        for function in functions:
            self._replace(function, "apply", _FUNCTIONS[function.__name__])

    def _replace(self, holder: Any, name: str, caller: _Caller) -> None:
        theirs = getattr(holder, name)
        own = name in vars(holder)
        ours = self._wrapper(theirs, caller)
        setattr(holder, name, staticmethod(ours) if isinstance(holder, type) else ours)
        if own:
            self._undo.append(lambda: setattr(holder, name, theirs))
        else:
            self._undo.append(lambda: delattr(holder, name))

    def _wrapper(self, theirs: Callable[..., Any], caller: _Caller) -> Callable[..., Any]:
        names = caller.operands

        def function(*args: Any, **keywords: Any) -> Any:
            watcher = self._watcher if threading.get_ident() == self._thread else None
            given = {k: t for k, t in zip(names, args, strict=False) if t is not None}
            place = given.get("offset", given.get("offset_mask"))
            if watcher is None or place is None or place.numel() == 0 or keywords:
                return theirs(*args, **keywords)

            def run(changed: Given) -> Tensor:
                self._watcher = None  # what this calls in turn is part of it
                try:
                    operands = (changed.get(k, t) for k, t in zip(names, args, strict=False))
                    result: Tensor = theirs(*operands, *args[len(names) :])
                finally:
                    self._watcher = watcher
                return result

            return watcher(caller.read(given, *args[len(names) :]), run)

        return function

    def during(self, watcher: Watcher, run: Callable[[], Any]) -> Any:
        """What run returns; its calls are handed to the watcher."""
        self._watcher = watcher
        try:
            return run()
        finally:
            self._watcher = None

    def undo(self) -> None:
        """As it was before."""
        while self._undo:
            self._undo.pop()()
