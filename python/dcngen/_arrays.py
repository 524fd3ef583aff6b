"""Arrays of others as numpy's, copied only where that cannot be avoided.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import math
import mmap
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _blocks
from .error import wrong

Array = npt.NDArray[Any]

#: Where a DLManagedTensorVersioned has its flags, of which the first is of read-only memory.
DLPACK_FLAGS = 24

LINE = 64

#: What numpy asks of the system for its own arrays from this size on, for fresh pages of 4 KiB cost as much as some kernels.
LARGE = 4 << 20
_madvise = ctypes.CDLL(None).madvise
_madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
#: Kinds of dtypes that become no real numbers, or not without loss: complex, texts, times, objects.
NO_NUMBERS = "cSUmMO"


def _by_dlpack(array: Any) -> bool:
    return hasattr(array, "__dlpack__") and not hasattr(array, "__array_interface__")


def view(array: Any, name: str) -> Array:
    """array as a numpy array that shares its memory; lists and numbers are copied.

    Whatever has ``__dlpack__`` or one of numpy's protocols is taken, on the CPU.
    """
    if isinstance(array, np.ndarray):
        return array
    if array is None:
        wrong(f"{name} is None, expected an array")
    try:
        if _by_dlpack(array):
            return np.from_dlpack(array)
        return np.asarray(array)
    except (BufferError, RuntimeError, TypeError, ValueError) as reason:
        wrong(f"{name}: {reason}")


#: C order and aligned, as numpy numbers its flags.
DENSE = 0x0101


def ready(array: Any, dtype: np.dtype[Any], name: str) -> Array:
    """:func:`dense` of :func:`view`, which most arrays are already."""
    if type(array) is np.ndarray and array.dtype is dtype and array.flags.num & DENSE == DENSE:
        return array
    return dense(view(array, name), dtype, name)


def is_f64(array: Array) -> bool:
    """Whether it is float64, in any byte order."""
    return array.dtype.kind == "f" and array.dtype.itemsize == F64.itemsize


def dense(array: Array, dtype: np.dtype[Any], name: str) -> Array:
    """array in C order and of that dtype: itself, if it is so already."""
    flags = array.flags
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array
    if array.dtype.kind in NO_NUMBERS:
        wrong(f"{name} has dtype {array.dtype}, expected real numbers")
    try:
        return np.require(array, dtype, ("C", "A"))
    except (TypeError, ValueError) as reason:
        wrong(f"{name}: {reason}")


def _is_read_only(out: Any) -> bool:
    """Whether what numpy shows as read-only is; by DLPack much comes so that only does not say that it is not."""
    if not _by_dlpack(out):
        return True
    try:
        capsule = out.__dlpack__(max_version=(1, 0))
    except TypeError:
        return False  # of the first version, which cannot say
    api, versioned = ctypes.pythonapi, b"dltensor_versioned"
    if not api.PyCapsule_IsValid(ctypes.py_object(capsule), versioned):
        return False
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", api)
    )
    flags = ctypes.c_uint64.from_address(get(capsule, versioned) + DLPACK_FLAGS).value
    return bool(flags & 1)


def output(out: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The array to write to: out, which must fit, or a new one."""
    if out is None:
        return new(shape, dtype)
    if isinstance(out, list | tuple | int | float):
        wrong(f"{name} is a {type(out).__name__}, expected an array")
    array = view(out, name)
    if array.shape != shape or array.dtype != dtype:
        wrong(
            f"{name} has shape {array.shape} and dtype {array.dtype}, expected {shape} and {dtype}"
        )
    if not (array.flags.c_contiguous and array.flags.aligned):
        wrong(f"{name} is not contiguous in C order")
    if not array.flags.writeable and _is_read_only(out):
        wrong(f"{name} is read-only")
    return array


def aligned(size: int) -> Array:
    """Bytes that begin where a line of the caches does."""
    room = np.empty(size + LINE, np.uint8)
    start = -pointer(room) % LINE
    return room[start : start + size]


def in_large_pages(address: int, size: int) -> None:
    """Let the system take large pages for memory that is not written to yet, if it likes."""
    if size >= LARGE:
        start = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
        _madvise(start, size - (start - address), mmap.MADV_HUGEPAGE)


def _pointer(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


#: The first member of an array, behind what every object of Python has.
_DATA = object.__basicsize__
_read = ctypes.c_void_p.from_address


def _member(array: Array) -> int:
    """In less time than numpy's own way, which makes a dict of all that there is to know."""
    return _read(id(array) + _DATA).value or 0


def _is_there() -> bool:
    arrays = [np.empty(n) for n in (1, 2, 3)] + [np.empty(4)[1:]]
    return all(_member(each) == _pointer(each) for each in arrays)


#: Where the elements are.
pointer: Callable[[Array], int] = _member if _is_there() else _pointer


def _block(size: int) -> Array:
    return np.empty(size + LINE, np.uint8)


_blocks_of_results: _blocks.Blocks[Array] = _blocks.Blocks(_block)


def new(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array for a result; if it is a large one, in memory of an earlier result that is dead."""
    size = math.prod(shape) * dtype.itemsize
    if size < _blocks.LEAST or not _blocks.LIMIT:
        return np.empty(shape, dtype)
    block = _blocks_of_results.take(size)
    return np.ndarray(shape, dtype, block, -pointer(block) % LINE)
