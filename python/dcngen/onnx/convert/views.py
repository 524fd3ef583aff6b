"""How the elements of a model's tensor are those of a map.

A network of the language passes maps on, of n images, h rows, w columns and c channels. A tensor of a model is such a map
with its axes in another order, two of them as one (a Flatten), or one as two (channels as groups and taps). All of that is
a way to look at the map; transposing and reshaping only change it, and cost no layer.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

from .network import AXES, Shape, Value


class Atom(NamedTuple):
    """Every ``stride``-th position along an axis of the map, ``size`` of them."""

    axis: int
    stride: int
    size: int


#: One axis of a tensor: atoms, the slowest first; none: its size is 1.
Dim = tuple[Atom, ...]


class MixedError(ValueError):
    """A tensor is asked for that is no such view of the map."""


def whole(shape: Shape, axis: int) -> Dim:
    """All of an axis of a map of that shape."""
    return (Atom(axis, 1, shape[axis]),) if shape[axis] > 1 else ()


def size_of(dim: Dim) -> int:
    """How many positions it has."""
    return prod(atom.size for atom in dim)


def _joined(atoms: Iterable[Atom]) -> Dim:
    """Neighbours that are one atom made one."""
    out: list[Atom] = []
    for atom in atoms:
        last = out[-1] if out else None
        if last and last.axis == atom.axis and last.stride == atom.stride * atom.size:
            out[-1] = Atom(atom.axis, atom.stride, last.size * atom.size)
        else:
            out.append(atom)
    return tuple(out)


def _take(atoms: list[Atom], size: int) -> Dim:
    """The next atoms from the front of the list that make a dim of that size; the last may be cut in two."""
    taken = []
    while size > 1:
        if not atoms:
            raise MixedError("the sizes do not fit")
        atom = atoms.pop(0)
        if atom.size > size:
            rest, odd = divmod(atom.size, size)
            if odd:
                raise MixedError(f"{atom.size} positions along {AXES[atom.axis]} are cut in {size}")
            atoms.insert(0, Atom(atom.axis, atom.stride, rest))
            atom = Atom(atom.axis, atom.stride * rest, size)
        elif size % atom.size:
            raise MixedError(f"{size} positions are more than one axis, and no whole ones")
        taken.append(atom)
        size //= atom.size
    return _joined(taken)


class View:
    """A tensor: dims of a map."""

    def __init__(self, value: Value, dims: Sequence[Dim]) -> None:
        self.value, self.dims = value, tuple(dims)

    @classmethod
    def of(cls, value: Value, order: str) -> View:
        """All of a map, its axes in that order: ``"nchw"``, ``"nc"``."""
        return cls(value, [whole(value.shape, AXES.index(letter)) for letter in order])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        return tuple(map(size_of, self.dims))

    def transposed(self, perm: Sequence[int]) -> View:
        """As numpy's."""
        if sorted(perm) != list(range(len(self.dims))):
            raise MixedError(f"perm {list(perm)} of {len(self.dims)} axes")
        return View(self.value, [self.dims[i] for i in perm])

    def reshaped(self, shape: Sequence[int]) -> View:
        """As numpy's; no size is -1."""
        if prod(shape) != prod(self.shape) or min(shape, default=1) < 1:
            raise MixedError(f"{list(self.shape)} cannot be {list(shape)}")
        atoms = [atom for dim in self.dims for atom in dim]
        return View(self.value, [_take(atoms, size) for size in shape])

    def is_order(self, order: str) -> bool:
        """Whether it is all of the map, with axes in that order."""
        return self.dims == View.of(self.value, order).dims

    def is_last(self, axis: str) -> bool:
        """Whether its last dim is all of an axis of the map."""
        return bool(self.dims) and self.dims[-1] == whole(self.value.shape, AXES.index(axis))

    def find(self, axis: str) -> int:
        """Which dim is all of an axis of the map with more than one position; -1: none is."""
        dim = whole(self.value.shape, AXES.index(axis))
        return self.dims.index(dim) if dim and dim in self.dims else -1

    def channels(self, at: int) -> bool:
        """Whether a dim stands for the channels: it is all of them, or there is one channel and it is nothing else."""
        dim = whole(self.value.shape, AXES.index("c"))
        return self.dims[at] == dim

    def like(self, value: Value) -> View:
        """This look at another map, which has other channels at most."""
        if value.shape[:3] != self.value.shape[:3]:
            raise MixedError("maps of two sizes")
        if value.shape == self.value.shape:
            return View(value, self.dims)
        at = self.find("c")
        if at < 0:
            raise MixedError("the channels are no axis of the tensor")
        dims = list(self.dims)
        dims[at] = whole(value.shape, AXES.index("c"))
        return View(value, dims)
