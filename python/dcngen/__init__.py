"""Deformable convolutions compiled for one shape and one CPU.

    import dcngen
    y = dcngen.deform_conv2d(x, offset, weight, padding=1, mask=mask)     # numpy or DLPack arrays
    k = dcngen.load("layer.lua", height=56)                               # a kernel of a spec of one's own

SPDX-License-Identifier: Apache-2.0
"""

import os

from . import _blocks, _frame, cache, packing, plans
from ._abi import lib as _lib
from .error import Error
from .functions import (
    dcnv3,
    dcnv4,
    deform_conv2d,
    deform_roi_pool,
    ps_roi_align,
    ps_roi_pool,
    roi_align,
    roi_pool,
)
from .kernel import Kernel, Packed, Parameter, Tensor, load, load_all

__version__: str = _lib.dcn_version().decode()


def clear_cache() -> None:
    """Free the kernels, packed weights, workspaces and memory of results that functions keep."""
    plans.clear()
    packing.clear()
    _frame.clear()
    _blocks.clear()


def _after_fork() -> None:
    """Make a child usable, whatever other threads did at the time."""
    cache.after_fork()
    packing.after_fork()
    _blocks.after_fork()


os.register_at_fork(after_in_child=_after_fork)


__all__ = [
    "Error",
    "Kernel",
    "Packed",
    "Parameter",
    "Tensor",
    "clear_cache",
    "dcnv3",
    "dcnv4",
    "deform_conv2d",
    "deform_roi_pool",
    "load",
    "load_all",
    "ps_roi_align",
    "ps_roi_pool",
    "roi_align",
    "roi_pool",
]
