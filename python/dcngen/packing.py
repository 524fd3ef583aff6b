"""Packed weights of functions, never stale.

Whoever owns a weight may write to it at any time, and neither an address nor a version counter tells. So what is
kept is found by the fingerprint of the contents. A weight is kept once it has stood still for two calls: in training
it never does, and is packed in every call. At most LIMIT bytes are kept, the longest unused go first.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from ._abi import lib
from ._arrays import Array, pointer
from .kernel import OWN, Kernel, Threads

LIMIT = 256 << 20
PLACES = 4096

_fingerprint = lib.dcn_fingerprint_for


class Kept:
    """A packed weight and its address."""

    __slots__ = ("address", "array")

    def __init__(self, array: Array) -> None:
        self.array, self.address = array, pointer(array)


_lock = threading.Lock()
_kept: OrderedDict[tuple[Kernel, int, int], Kept] = OrderedDict()
_kept_bytes = 0
_places: OrderedDict[tuple[Kernel, int, int], int] = OrderedDict()


def _keep(key: tuple[Kernel, int, int], packed: Kept) -> None:
    global _kept_bytes
    if key in _kept or packed.array.nbytes > LIMIT:
        return
    _kept[key] = packed
    _kept_bytes += packed.array.nbytes
    while _kept_bytes > LIMIT:
        _kept_bytes -= _kept.popitem(last=False)[1].array.nbytes


def packed(kernel: Kernel, index: int, address: int, size: int, threads: Threads = OWN) -> Kept:
    """Operand ``index``, dense at ``address`` in ``size`` bytes, as the kernel reads it."""
    mark: int = _fingerprint(address, size, *threads)
    key, place = (kernel, index, mark), (kernel, index, address)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
        still = _places.get(place) == mark
        _places[place] = mark
        _places.move_to_end(place)
        if len(_places) > PLACES:
            _places.popitem(last=False)
    found = Kept(kernel.pack_pointer(index, address))
    if still:
        with _lock:
            _keep(key, found)
    return found


def kept_bytes() -> int:
    """How much is kept."""
    return _kept_bytes


def clear() -> None:
    """Keep nothing."""
    global _kept_bytes
    with _lock:
        _kept.clear()
        _places.clear()
        _kept_bytes = 0


def after_fork() -> None:
    """In a child of fork, which has none of the other threads: let go what they held."""
    global _lock, _kept_bytes
    _lock = threading.Lock()
    _kept_bytes = sum(kept.array.nbytes for kept in _kept.values())
