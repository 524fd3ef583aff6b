"""Kernels of functions: compiled once for each set of attributes and sizes.

The first two values of a size (batch, height, width, number of regions) get kernels of their own, which are the
fastest; with the third that size becomes dynamic, and one kernel serves all further ones. Each kernel is compiled
once: other threads that ask for it wait, and those that ask for another do not.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .kernel import Kernel, Sizes
from .specs import Value, spec_text

#: So many values of a size have kernels of their own.
STATIC_VALUES = 2

Pattern = tuple[int | None, ...]
_SIZES = ("batch", "height", "width", "rois")


class _Slot:
    """A kernel that is there, or is being compiled by who holds the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kernel: Kernel | None = None

    def get(self, make: Callable[[], Kernel]) -> Kernel:
        if self.kernel is None:
            with self.lock:
                if self.kernel is None:
                    self.kernel = make()
        return self.kernel


class Family:
    """Kernels of one operator with one set of attributes, for any sizes."""

    def __init__(self, op: str, names: tuple[str, ...], values: tuple[Value, ...]) -> None:
        self.op, self.attributes = op, dict(zip(names, values, strict=True))
        self._lock = threading.Lock()
        self._seen: tuple[set[int], ...] = tuple(set() for _ in _SIZES)
        self._slots: dict[tuple[Pattern, int], _Slot] = {}

    def _slot(self, sizes: Sizes, threads: int) -> tuple[Pattern, _Slot]:
        with self._lock:
            slot = self._slots.get((sizes, threads))
            if slot:
                return sizes, slot
            for seen, size in zip(self._seen, sizes, strict=True):
                if len(seen) <= STATIC_VALUES:
                    seen.add(size)
            pattern = tuple(
                size if len(seen) <= STATIC_VALUES else None
                for seen, size in zip(self._seen, sizes, strict=True)
            )
            return pattern, self._slots.setdefault((pattern, threads), _Slot())

    def text(self, pattern: Pattern) -> str:
        """The spec for these sizes, None being dynamic; a size of 0 is one that the operator has not."""
        sizes: dict[str, Value] = {
            name: "dynamic" if size is None else size
            for name, size in zip(_SIZES, pattern, strict=True)
            if size != 0
        }
        return spec_text(self.op, {"name": self.op, **sizes, **self.attributes})

    def kernel(self, sizes: Sizes, threads: int) -> Kernel:
        """The kernel for a call with these sizes on so many threads."""
        pattern, slot = self._slot(sizes, threads)
        return slot.get(lambda: Kernel(self.text(pattern), threads=threads))

    def count(self) -> int:
        """How many kernels were compiled."""
        with self._lock:
            return sum(slot.kernel is not None for slot in self._slots.values())

    def after_fork(self) -> None:
        """In a child of fork: nobody holds a lock, and nobody makes what is not there yet."""
        self._lock = threading.Lock()
        self._slots = {key: slot for key, slot in self._slots.items() if slot.kernel is not None}


_families: dict[tuple[str, tuple[Value, ...]], Family] = {}
_lock = threading.Lock()


def family(op: str, names: tuple[str, ...], values: tuple[Value, ...]) -> Family:
    """The family of an operator, always called with the same names."""
    found = _families.get((op, values))
    if found is None:
        with _lock:
            found = _families.setdefault((op, values), Family(op, names, values))
    return found


def clear() -> None:
    """Forget all of them; who still holds a kernel may go on using it."""
    with _lock:
        _families.clear()


def after_fork() -> None:
    """In a child of fork, which has none of the other threads: let go what they held."""
    global _lock
    _lock = threading.Lock()
    for each in _families.values():
        each.after_fork()
