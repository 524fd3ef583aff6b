"""What one kind of call needs, worked out once: its kernel, and of each operand the place and the shape.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math

from . import packing
from .kernel import OWN, Kernel, Sizes, Threads

Shape = tuple[int, ...]


class Plan:
    """A kernel for one kind of call. ``kernel`` is None where the result has no elements, or all of it is 0.

    Attributes:
        shape: Of the result.
        reads, writes: Of each operand its index, its name and its shape.
    """

    __slots__ = ("_weights", "kernel", "reads", "shape", "sizes", "writes")

    def __init__(self, kernel: Kernel | None, sizes: Sizes, shape: Shape) -> None:
        self.kernel, self.sizes, self.shape = kernel, sizes, shape
        reads: list[tuple[int, str, Shape]] = []
        writes: list[tuple[int, str, Shape]] = []
        weights: list[tuple[int, int]] = []  # index, bytes
        shapes = kernel.shapes(sizes) if kernel else ()
        for i, (t, found) in enumerate(zip(kernel.tensors if kernel else (), shapes, strict=True)):
            (writes if t.role == "out" else reads).append((i, t.name, found))
            if t.role == "weight":
                weights.append((i, math.prod(found) * t.dtype.itemsize))
        self.reads, self.writes, self._weights = tuple(reads), tuple(writes), tuple(weights)

    def run(self, addresses: list[int | None], threads: Threads = OWN) -> None:
        """One call with addresses of dense operands in calling order, weights not packed; the list is written to.

        Addresses of gradients that are not wanted are None.
        """
        assert self.kernel is not None
        held = []  # packed weights, during the call
        for i, size in self._weights:
            packed = packing.packed(self.kernel, i, addresses[i] or 0, size, threads)
            held.append(packed)
            addresses[i] = packed.address
        self.kernel.run_at(addresses, self.sizes, threads)

    def blank(self) -> list[int | None]:
        """No addresses, for all operands."""
        return [None] * (len(self.reads) + len(self.writes))


__all__ = ["Plan", "Shape"]
