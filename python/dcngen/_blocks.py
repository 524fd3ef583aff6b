"""Memory of results that is used again once nobody holds it.

The system clears the pages of a large new block, which takes time of its own, and takes them away when it is
freed. So blocks of results stay here. Who holds a result, a view of it, or what another library made of it, is an owner
of its block; one that has no owner but this is free, and the next result of that size takes it. At most LIMIT bytes are kept,
whether they are free or not: what is dropped lives as long as its owners do.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from .error import ENVIRONMENT, Error

VARIABLE = "DCNGEN_RESULTS_MIB"

#: A smaller block costs no new pages: glibc keeps it.
LEAST = 128 << 10
#: So many blocks of one size are looked through.
EACH = 32
#: Blocks of a size that was not asked for in so many results are dropped.
PATIENCE = 1000

Block = TypeVar("Block")


def _limit() -> int:
    text = os.environ.get(VARIABLE) or "256"
    try:
        mib = float(text)
    except ValueError:
        mib = math.nan
    if not (math.isfinite(mib) and mib >= 0):
        raise Error(
            ENVIRONMENT, f"{VARIABLE} = '{text}', expected how many MiB to keep, 0 for none"
        )
    return int(mib * (1 << 20))


def _gil() -> bool:
    """Whether counts of references are exact: where threads run at the same time they are not."""
    asked = getattr(sys, "_is_gil_enabled", None)
    return bool(asked()) if asked else True


LIMIT = _limit() if _gil() else 0


def _references(blocks: list[Any], i: int) -> int:
    return sys.getrefcount(blocks[i])


#: References to what only a list holds, as the version of Python counts them.
_ALONE = _references([object()], 0)


class Blocks(Generic[Block]):
    """Blocks of one kind, by their size in bytes.

    Args:
        make: A new one.
        owned: Whether somebody owns it of whom Python's count of references does not tell.
        fit: Whether it is still what was made.
    """

    def __init__(
        self,
        make: Callable[[int], Block],
        owned: Callable[[Block], bool] = lambda block: False,
        fit: Callable[[Block, int], bool] = lambda block, size: True,
    ) -> None:
        self._make, self._owned, self._fit = make, owned, fit
        self.after_fork()
        _all.add(self)

    def after_fork(self) -> None:
        """In a child of fork, which has none of the other threads: nobody holds the lock, and nothing is kept."""
        self._lock = threading.Lock()
        self._of_size: OrderedDict[int, list[Block]] = OrderedDict()  # the longest unused first
        self._turn, self._last = 0, dict[int, int]()
        self.bytes = 0

    def take(self, size: int) -> Block:
        """A block of ``size`` bytes that nobody else has, with anything in it."""
        with self._lock:
            found = self._free(size)
        if found is not None:
            return found
        try:
            made = self._make(size)
        except (MemoryError, RuntimeError):  # numpy's, and torch's
            clear()
            made = self._make(size)
        if size <= LIMIT:
            with self._lock:
                self._keep(size, made)
        return made

    def _free(self, size: int) -> Block | None:
        """One that is kept and has no owner."""
        self._turn += 1
        self._age()
        blocks = self._of_size.get(size)
        if blocks is None:
            return None
        self._of_size.move_to_end(size)
        self._last[size] = self._turn
        for i in range(len(blocks) - 1, -1, -1):  # the last one used may still be in the caches
            if _references(blocks, i) != _ALONE or self._owned(blocks[i]):
                continue
            block = blocks.pop(i)
            if self._fit(block, size):
                blocks.append(block)
                return block
            self.bytes -= size
        return None

    def _keep(self, size: int, block: Block) -> None:
        self._of_size.setdefault(size, []).append(block)
        self._of_size.move_to_end(size)
        self._last[size] = self._turn
        self.bytes += size
        if len(self._of_size[size]) > EACH:
            self._drop(size)
        while self.bytes > LIMIT:
            self._drop(next(iter(self._of_size)))

    def _drop(self, size: int) -> None:
        """The block of that size that was given out before all others of it."""
        blocks = self._of_size[size]
        if blocks:
            blocks.pop(0)
            self.bytes -= size
        if not blocks:
            del self._of_size[size], self._last[size]

    def _age(self) -> None:
        oldest = next(iter(self._of_size), None)
        if oldest is not None and self._turn - self._last[oldest] > PATIENCE:
            self.bytes -= oldest * len(self._of_size.pop(oldest))
            del self._last[oldest]

    def clear(self) -> None:
        """Keep nothing; results live on."""
        with self._lock:
            self._of_size.clear()
            self._last.clear()
            self.bytes = 0


_all: WeakSet[Blocks[Any]] = WeakSet()


def clear() -> None:
    """Keep nothing of any kind."""
    for each in list(_all):
        each.clear()


def after_fork() -> None:
    """In a child of fork."""
    for each in list(_all):
        each.after_fork()
