"""Finds and opens libdcngen.

In this order: the file that DCNGEN_LIBRARY names, one beside this package, the system's libdcngen.so.0. A variable
that names something else is an error, never passed over.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from .error import ENVIRONMENT, Error

SONAME = "libdcngen.so.0"


def candidates() -> list[str]:
    """Names to try, the first that exists is the one."""
    named = os.environ.get("DCNGEN_LIBRARY")
    if named:
        return [named]
    here = Path(__file__).parent
    beside = [here / name for name in ("libdcngen.so", SONAME)]
    return [str(path) for path in beside if path.exists()] + [SONAME]


def open_library() -> ctypes.CDLL:
    """libdcngen; a call through CDLL releases the GIL."""
    name = candidates()[0]
    try:
        return ctypes.CDLL(name)
    except OSError as reason:
        raise Error(
            ENVIRONMENT,
            f"cannot load libdcngen: {reason}; set DCNGEN_LIBRARY to its path, or install it",
        ) from None
