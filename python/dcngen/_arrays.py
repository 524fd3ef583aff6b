"""Arrays of others as numpy's, copied only where that cannot be avoided.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .error import wrong

Array = npt.NDArray[Any]

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


def view(array: Any, name: str) -> Array:
    """array as a numpy array that shares its memory; lists and numbers are copied.

    Whatever has ``__dlpack__`` or one of numpy's protocols is taken, on the CPU.
    """
    if isinstance(array, np.ndarray):
        return array
    try:
        if hasattr(array, "__dlpack__") and not hasattr(array, "__array_interface__"):
            return np.from_dlpack(array)
        return np.asarray(array)
    except (BufferError, RuntimeError, TypeError, ValueError) as reason:
        wrong(f"{name}: {reason}")


def dense(array: Array, dtype: np.dtype[Any]) -> Array:
    """array in C order and of that dtype: itself, if it is so already."""
    if array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned:
        return array
    return np.require(array, dtype, ("C", "A"))


def output(out: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The array to write to: out, which must fit, or a new one."""
    if out is None:
        return np.empty(shape, dtype)
    array = view(out, name)
    if array.shape != shape or array.dtype != dtype:
        wrong(
            f"{name} has shape {array.shape} and dtype {array.dtype}, expected {shape} and {dtype}"
        )
    if not (array.flags.c_contiguous and array.flags.aligned):
        wrong(f"{name} is not contiguous in C order")
    if not array.flags.writeable and isinstance(out, np.ndarray):
        wrong(f"{name} is read-only")
    return array


def pointer(array: Array) -> int:
    """Where the elements are."""
    return array.ctypes.data
