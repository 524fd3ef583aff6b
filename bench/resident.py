"""resident.py: how much memory this process has, and had at most.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import gc
import re


def status(key):
    with open("/proc/self/status", encoding="ascii") as f:
        return int(re.search(rf"^{key}:\s*(\d+)", f.read(), re.M).group(1)) * 1024


def mark():
    """Freed memory goes back to the system, the peak so far is forgotten; what is left."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as f:
        f.write("5")
    return status("VmRSS")
