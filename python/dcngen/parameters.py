"""The parameters of a network: one operand, and many tensors by name.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from . import _abi, _arrays
from ._abi import lib
from ._arrays import Array
from .error import wrong

_LISTED = 8


class Parameter(NamedTuple):
    """A tensor of the operand ``parameters``: ``LAYER.TENSOR``, its shape, and its place in elements.

    ``grad_at`` is its place in ``grad_parameters``, -1 where that gradient is not asked for.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    at: int
    grad_at: int

    @property
    def size(self) -> int:
        """How many elements it has."""
        return int(np.prod(self.shape, dtype=np.int64))


def listed(spec: int) -> tuple[Parameter, ...]:
    """The parameters of a spec, of what is no network none."""
    count = lib.dcn_spec_parameters(spec, None, 0)
    out = (_abi.dcn_parameter * count)()
    lib.dcn_spec_parameters(spec, out, count)
    dtypes: dict[int, np.dtype[Any]] = {_abi.F32: _arrays.F32, _abi.F64: _arrays.F64}
    return tuple(
        Parameter(p.name.decode(), dtypes[p.dtype], tuple(p.dims[: p.rank]), p.at, p.grad_at)
        for p in out
    )


def _plain(name: str) -> str:
    return name.replace("_", ".")


def _read(spec: int, count: int, dtype: np.dtype[Any], path: str | os.PathLike[str]) -> Array:
    """The vector that a file holds by name."""
    out, err = ctypes.c_void_p(), _abi.error_struct()
    if lib.dcn_read_parameters(spec, os.fsencode(path), ctypes.byref(out), ctypes.byref(err)):
        _abi.raise_error(err)
    try:
        held = ctypes.string_at(out.value or 0, count * dtype.itemsize)
        return np.frombuffer(held, dtype)
    finally:
        _abi.free(out)


def _complain(what: str, names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{what}: {', '.join(names[:_LISTED])}{more}" if names else ""


def _by_name(known: tuple[Parameter, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, under the names of the parameters; dots and underscores may stand for each other."""
    exact = {p.name for p in known}
    alike = {_plain(p.name): p.name for p in known}
    found: dict[str, Any] = {}
    left = []
    for name, value in given.items():
        own = name if name in exact else alike.get(_plain(name))
        if own is None or own in found:
            left.append(name)
        else:
            found[own] = value
    missing = [p.name for p in known if p.name not in found]
    faults = [_complain("missing", missing), _complain("not in the network", left)]
    if missing or left:
        wrong(f"parameters: {'; '.join(filter(None, faults))}")
    return found


def flat(spec: int, known: tuple[Parameter, ...], value: Any) -> Any:
    """The operand ``parameters``, from a dict by name or the path of a file; anything else as it is."""
    dtype, count = known[0].dtype, sum(p.size for p in known)
    if isinstance(value, str | os.PathLike):
        return _read(spec, count, dtype, value)
    if not isinstance(value, Mapping):
        return value
    out, given = np.empty(count, dtype), _by_name(known, value)
    for name, to in split(known, out, False).items():
        array = _arrays.view(given[name], name)
        if array.shape not in (to.shape, (*to.shape, 1, 1)) and (*array.shape, 1, 1) != to.shape:
            wrong(f"{name} has shape {array.shape}, expected {to.shape}")
        to[...] = _arrays.dense(array, dtype, name).reshape(to.shape)
    return out


def split(known: tuple[Parameter, ...], vector: Array, gradient: bool) -> dict[str, Array]:
    """Views of a vector of all parameters by name, or of the gradients that are asked for."""
    places = [(p, p.grad_at if gradient else p.at) for p in known]
    wanted = [(p, at) for p, at in places if at >= 0]
    count = sum(p.size for p, _ in wanted)
    if vector.shape != (count,):
        wrong(f"the vector has shape {vector.shape}, expected {(count,)}")
    return {p.name: vector[at : at + p.size].reshape(p.shape) for p, at in wanted}
