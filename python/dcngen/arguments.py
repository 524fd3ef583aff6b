"""Attributes as Python's own numbers, be they numpy's or not; what is none is an error with its name.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from .error import wrong

Pair = tuple[int, int]


def _index(value: Any) -> int | None:
    """An integer, unless it is none."""
    if isinstance(value, int):
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        return None


def integer(value: Any, name: str, least: int | None = None) -> int:
    """An integer of any kind, but no other number that happens to be whole."""
    number = _index(value)
    if number is None:
        wrong(f"{name} = {value!r}, expected an integer")
    if least is not None and number < least:
        wrong(f"{name} = {number}, expected {least} or more")
    return number


def real(value: Any, name: str) -> float:
    """A finite number of any kind."""
    number = math.nan
    if not isinstance(value, str | bytes | complex | np.complexfloating):
        try:
            number = float(value)
        except (OverflowError, TypeError, ValueError):
            number = math.nan
    if not math.isfinite(number):
        wrong(f"{name} = {value!r}, expected a finite number")
    return number


def divides(name: str, number: int, **channels: int) -> None:
    """An error, unless it does."""
    for of, count in channels.items():
        if count % number:
            wrong(f"{name} = {number} does not divide {of} = {count}")


def flag(value: Any, name: str) -> bool:
    """True or False, or 1 or 0."""
    number = int(value) if isinstance(value, np.bool_) else _index(value)
    if number not in (0, 1):
        wrong(f"{name} = {value!r}, expected True or False")
    return bool(number)


def pair(value: Any, name: str, least: int | None = None) -> Pair:
    """n or (n, n) as (n, n)."""
    found = _pair(value, name)
    if least is not None and min(found) < least:
        wrong(f"{name} = {value!r}, expected {least} or more")
    return found


def _pair(value: Any, name: str) -> Pair:
    if type(value) is tuple and len(value) == 2 and type(value[0]) is type(value[1]) is int:
        return value
    number = _index(value)
    if number is not None:
        return number, number
    several = isinstance(value, tuple | list) or (
        isinstance(value, Iterable) and getattr(value, "ndim", 1) == 1
    )
    both = [_index(v) for v in value] if several else []
    first, last = (both[0], both[-1]) if len(both) in (1, 2) else (None, None)
    if first is None or last is None:
        wrong(f"{name} = {value!r}, expected an integer or two")
    return first, last
