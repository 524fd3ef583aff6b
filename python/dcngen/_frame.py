"""What a call needs besides the operands: its struct, its error, its workspace. Each thread keeps one of each.

A workspace is kept because fresh pages cost as much as a tenth of some gradients. A larger one than LIMIT is not, and one
of which no call needed half for PATIENCE calls makes room for a smaller one.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import threading

from ._abi import dcn_call, dcn_error, dcn_sizes, lib
from ._arrays import Array, aligned, pointer

LIMIT = 512 << 20
PATIENCE = 1000
MAX_TENSORS = 128

Sizes = tuple[int, int, int, int]

_per_thread = threading.local()
_generation = 0


class Frame:
    """What one call at a time needs: structs, addresses of tensors and memory for temporaries."""

    __slots__ = (
        "_address",
        "_bytes",
        "_idle",
        "_room",
        "call",
        "error",
        "generation",
        "tensors",
        "to_call",
        "to_error",
    )

    def __init__(self) -> None:
        self.tensors = (ctypes.c_void_p * MAX_TENSORS)()
        self.call, self.error = dcn_call(self.tensors), dcn_error()
        self.to_call, self.to_error = ctypes.byref(self.call), ctypes.byref(self.error)
        self.generation = _generation
        self._idle = 0
        self._none()

    def _none(self) -> None:
        self._bytes, self._address = 0, 0
        self._room: Array | None = None

    def workspace(self, size: int) -> int | None:
        """An aligned address of so many bytes; None: the call allocates, or needs none."""
        if size <= 0:
            return None
        self._idle = 0 if 2 * size > self._bytes else self._idle + 1
        if (size > self._bytes or self._idle > PATIENCE) and not self._make(size):
            return None
        return self._address

    def _make(self, size: int) -> bool:
        """Takes numpy's memory, whose pages are large; the call itself says so if there is none."""
        self._none()
        try:
            self._room = aligned(size)
        except MemoryError:
            return False
        self._bytes, self._address = size, pointer(self._room)
        self._idle = 0
        return True

    def shrink(self) -> None:
        """Keep nothing that is too large to be kept."""
        if self._bytes > LIMIT:
            self._none()


def take() -> Frame:
    """This thread's frame, which nobody else has until it is given back."""
    frame: Frame | None = getattr(_per_thread, "frame", None)
    _per_thread.frame = None
    return frame if frame and frame.generation == _generation else Frame()


def give_back(frame: Frame) -> None:
    """Keep it for this thread's next call."""
    frame.shrink()
    _per_thread.frame = frame


def clear() -> None:
    """Free this thread's; those of others are freed at their next calls."""
    global _generation
    _generation += 1
    _per_thread.frame = None


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
