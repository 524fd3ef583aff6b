"""What a call needs besides the operands: its struct, its error, its workspace. Each thread keeps one of each.

A larger workspace than LIMIT is not kept.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import threading

import numpy as np

from ._abi import dcn_call, dcn_error, dcn_sizes, lib
from ._arrays import Array, aligned, pointer

LIMIT = 64 << 20
MAX_TENSORS = 128

Sizes = tuple[int, int, int, int]

_per_thread = threading.local()


class Frame:
    """Of one call at a time."""

    __slots__ = (
        "_address",
        "_bytes",
        "_room",
        "call",
        "error",
        "large",
        "tensors",
        "to_call",
        "to_error",
    )

    def __init__(self) -> None:
        self.tensors = (ctypes.c_void_p * MAX_TENSORS)()
        self.call, self.error = dcn_call(self.tensors), dcn_error()
        self.to_call, self.to_error = ctypes.byref(self.call), ctypes.byref(self.error)
        self._bytes, self._address = 0, 0
        self.large: Array | None = None
        self._room = np.empty(0, np.uint8)

    def workspace(self, size: int) -> int | None:
        """An aligned address of so many bytes; None: the call allocates, or needs none."""
        if size <= 0:
            return None
        if size > LIMIT:
            return self._large(size)
        if size > self._bytes:
            self._room = aligned(size)
            self._bytes, self._address = size, pointer(self._room)
        return self._address

    def _large(self, size: int) -> int | None:
        """For this call alone, of numpy's memory, whose pages are large; the call itself says so if there is none."""
        try:
            self.large = aligned(size)
        except MemoryError:
            return None
        return pointer(self.large)


def take() -> Frame:
    """This thread's frame, which nobody else has until it is given back."""
    frame: Frame | None = getattr(_per_thread, "frame", None)
    _per_thread.frame = None
    return frame or Frame()


def give_back(frame: Frame) -> None:
    """Keep it for this thread's next call."""
    frame.large = None
    _per_thread.frame = frame


class Needs:
    """How large a workspace calls of one kernel need."""

    def __init__(self, handle: ctypes.c_void_p) -> None:
        self._handle = handle
        self._bytes: dict[tuple[Sizes, int], int] = {}

    def count(self, sizes: Sizes, threads: int) -> int:
        """Bytes for a call."""
        size = self._bytes.get((sizes, threads))
        if size is None:
            if len(self._bytes) > 256:
                self._bytes.clear()
            size = lib.dcn_kernel_workspace_bytes(self._handle, dcn_sizes(*sizes), threads)
            self._bytes[sizes, threads] = size
        return size
