"""Of which operators this version of libdcngen compiles gradients.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from functools import lru_cache

from ..error import Error
from ..kernel import Kernel

_SMALLEST = {
    "dcnv3": "groups = 1",
    "dcnv4": "groups = 1",
    "roi_align": "rois = 1, output_size = 2, sampling_ratio = 1",
    "ps_roi_align": "rois = 1, output_size = 2, sampling_ratio = 1",
}


@lru_cache(None)
def refusal(op: str) -> str:
    """Why gradients of an operator are not compiled; "" if they are."""
    sizes = "channels = 4, height = 4, width = 4"
    try:
        Kernel(f'return {op} {{ {sizes}, {_SMALLEST[op]}, gradient = {{ "input" }} }}')
    except Error as error:
        return error.text
    return ""
