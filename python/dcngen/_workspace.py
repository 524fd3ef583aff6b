"""Workspaces of kernels: each thread keeps one, so that no call asks the system for memory.

A larger one than LIMIT is allocated by the call itself.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import threading

import numpy as np

from ._abi import dcn_sizes, lib
from ._arrays import Array, pointer

LIMIT = 64 << 20
ALIGN = 64

_per_thread = threading.local()


def _take(size: int) -> Array:
    """This thread's room, which nobody else has until it is given back."""
    room: Array | None = getattr(_per_thread, "room", None)
    _per_thread.room = None
    if room is None or len(room) < size + ALIGN:
        room = np.empty(size + ALIGN, np.uint8)
    return room


def give_back(room: Array | None) -> None:
    """Keep it for this thread's next call."""
    if room is not None:
        _per_thread.room = room


class Needs:
    """How much room calls of one kernel need."""

    def __init__(self, handle: ctypes.c_void_p) -> None:
        self._handle = handle
        self._bytes: dict[tuple[tuple[int, int, int, int], int], int] = {}

    def _count(self, sizes: tuple[int, int, int, int], threads: int) -> int:
        if len(self._bytes) > 256:
            self._bytes.clear()
        size: int = lib.dcn_kernel_workspace_bytes(self._handle, dcn_sizes(*sizes), threads)
        self._bytes[sizes, threads] = size
        return size

    def get(
        self, sizes: tuple[int, int, int, int], threads: int
    ) -> tuple[int | None, Array | None]:
        """An aligned address and what holds it, to be given back; None: the call allocates."""
        size = self._bytes.get((sizes, threads))
        if size is None:
            size = self._count(sizes, threads)
        if not 0 < size <= LIMIT:
            return None, None
        room = _take(size)
        start = pointer(room)
        return start + -start % ALIGN, room
