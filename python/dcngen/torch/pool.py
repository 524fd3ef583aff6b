"""The threads that torch computes with.

torch's loops run on the threads of an OpenMP runtime, which spin for a while after each of them. Kernels that brought threads of their
own would share the cores with those, so they run on the same ones.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from typing import Any

import torch

from .._abi import dcn_openmp, lib
from ..kernel import Threads

_torch: Any = torch  # whose inner module the stubs leave out


def _runtime() -> dcn_openmp | None:
    """That of torch, among the libraries that its own depend on; None: its loops run on something else."""
    if "parallel backend: OpenMP" not in torch.__config__.parallel_info():
        return None
    try:
        torchs = ctypes.CDLL(_torch._C.__file__, mode=os.RTLD_NOW | os.RTLD_NOLOAD)
        functions = torchs.GOMP_parallel, torchs.omp_get_max_threads
    except (OSError, AttributeError):
        return None
    return dcn_openmp(*(ctypes.cast(f, ctypes.c_void_p) for f in functions))


_found = _runtime()
_for = ctypes.cast(lib.dcn_openmp_for, ctypes.c_void_p).value
_self = ctypes.addressof(_found) if _found else None


@lru_cache(64)
def threads(count: int) -> Threads:
    """So many threads of torch; of the library's own where torch's cannot be had."""
    return Threads(count, _for, _self) if _found else Threads(count)
