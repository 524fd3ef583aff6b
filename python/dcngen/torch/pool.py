"""The threads that torch computes with.

torch's loops run on the threads of an OpenMP runtime, which spin for a while after each of them. Kernels that brought threads of their
own would share the cores with those, so they run on the same ones.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import logging
import os
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from .._abi import dcn_openmp, lib
from ..kernel import Threads

_torch: Any = torch  # whose inner module the stubs leave out

#: Seconds by which clocks may differ.
_MARGIN = 0.1


def _forked() -> bool:
    """Whether this process began after modules of it were loaded: in another one, whose threads a runtime would wait for. The library
    knows of forks since it was loaded itself."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - began
    except (OSError, ValueError, IndexError, AttributeError):
        return False
    return logging.makeLogRecord({}).relativeCreated / 1e3 > age + _MARGIN


def _libraries() -> Iterator[Any]:
    """Where torch's calls find a function: what the process sees, then what its libraries depend on."""
    yield ctypes.CDLL(None)
    try:
        yield ctypes.CDLL(_torch._C.__file__, mode=os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError:
        return


def _runtime() -> dcn_openmp | None:
    """That of torch; None: its loops run on something else, or on threads of another process."""
    if "parallel backend: OpenMP" not in torch.__config__.parallel_info() or _forked():
        return None
    for library in _libraries():
        if hasattr(library, "GOMP_parallel") and hasattr(library, "omp_get_max_threads"):
            same = library.omp_get_max_threads() == torch.get_num_threads()
            functions = library.GOMP_parallel, library.omp_get_max_threads
            found = dcn_openmp(*(ctypes.cast(f, ctypes.c_void_p) for f in functions))
            return found if same else None
    return None


_found = _runtime()
_for = ctypes.cast(lib.dcn_openmp_for, ctypes.c_void_p).value
_self = ctypes.addressof(_found) if _found else None


@lru_cache(64)
def threads(count: int) -> Threads:
    """So many threads of torch; of the library's own where torch's cannot be had."""
    return Threads(count, _for, _self) if _found else Threads(count)
