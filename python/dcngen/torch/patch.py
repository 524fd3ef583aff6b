"""Other packages' operators on the CPU, computed by dcngen, until it is undone.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from ..error import wrong
from . import internimage, mmcv
from .vision import Override


class Undoable(Protocol):
    """What a maker of overrides returns."""

    def undo(self) -> None: ...


_MAKERS: dict[str, Callable[[], Undoable]] = {
    "torchvision": Override,
    "mmcv": mmcv.override,
    "DCNv3": internimage.OverrideDCNv3,
    "DCNv4": internimage.override_dcnv4,
}

_lock = threading.Lock()
_in_force: dict[str, tuple[Undoable, int]] = {}


def _begin(name: str) -> None:
    with _lock:
        override, users = _in_force.get(name, (None, 0))
        _in_force[name] = (override or _MAKERS[name](), users + 1)


def _end(name: str) -> None:
    with _lock:
        override, users = _in_force.pop(name)
        if users > 1:
            _in_force[name] = (override, users - 1)
        else:
            override.undo()


class Patch:
    """What :func:`patch` returns: undone by :meth:`undo`, or at the end of a ``with``."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names: list[str] = []
        try:
            for name in names:
                _begin(name)
                self._names.append(name)
        except BaseException:
            self.undo()
            raise

    def undo(self) -> None:
        """What was there before is in force again, unless somebody else patched it, too. A second time nothing happens."""
        while self._names:
            _end(self._names.pop())

    def __enter__(self) -> Patch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.undo()


def patch(*names: str) -> Patch:
    """Let dcngen compute the operators of these packages on the CPU; models stay as they are.

        dcngen.torch.patch("torchvision")               # from now on

        with dcngen.torch.patch("torchvision"):         # or for a while
            model(image)

    Args:
        names: ``"torchvision"``: deform_conv2d forwards and backwards, roi_align, roi_pool, ps_roi_align and ps_roi_pool;
            ``"mmcv"``: ``mmcv._ext``, also where it was not built; ``"DCNv3"`` and ``"DCNv4"``: likewise, and DCNv3's core in
            plain PyTorch. docs/PYTHON.md says more.

    Returns:
        What undoes it.
    """
    for name in names or ("",):
        if name not in _MAKERS:
            wrong(f"patch: '{name}' is none of {', '.join(_MAKERS)}")
    return Patch(names)
