"""Tensors for results, in memory of earlier results that are dead.

What is used again is the storage, one that torch allocated: tensors on it are like any others, and may be resized.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from .. import _blocks
from .._arrays import in_large_pages

_torch: Any = torch  # of whose names older versions lack some
#: How many owners a storage has in C++, its object in Python being one; in older versions nobody tells.
_owners: Any = getattr(_torch._C, "_storage_Use_Count", None)
_BYTES = {torch.float32: 4, torch.float64: 8}


def _plain(shape: Sequence[int], dtype: torch.dtype, size: int) -> torch.Tensor:
    made = torch.empty(shape, dtype=dtype)
    in_large_pages(made.data_ptr(), size)
    return made


def _storage(size: int) -> Any:
    return _plain((size,), torch.uint8, size).untyped_storage()


def _owned(storage: Any) -> bool:
    return bool(_owners(storage._cdata) != 1)


def _fit(storage: Any, size: int) -> bool:
    """Not where somebody resized it, or moved it to shared memory, or said that it is not to be resized, as numpy() does."""
    resizable: bool = storage.resizable()
    return resizable and storage.nbytes() == size and not storage.is_shared()


_storages: _blocks.Blocks[Any] = _blocks.Blocks(_storage, _owned, _fit)


def new(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """A contiguous tensor of float32 or float64, with anything in it."""
    size = math.prod(shape) * _BYTES[dtype]
    if size < _blocks.LEAST or not _blocks.LIMIT or _owners is None:
        return _plain(shape, dtype, size)
    made = torch.empty(0, dtype=dtype)
    made.set_(_storages.take(size), 0, tuple(shape))
    return made
