"""Text of the spec language for what functions are asked for.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .arguments import real

Value = bool | int | float | str | tuple[int, ...] | tuple[str, ...] | None


def value_text(value: Value | np.generic, name: str) -> str:
    """A value as Lua writes it; the name is for errors."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "{ " + ", ".join(value_text(v, name) for v in value) + " }"
    if isinstance(value, str):
        return value if value == "dynamic" else f'"{value}"'
    if isinstance(value, int):
        return repr(int(value))
    return repr(real(value, name))


def spec_text(op: str, values: Mapping[str, Value]) -> str:
    """``return OP { key = value, ... }``; what is None is left out."""
    keys = ", ".join(f"{k} = {value_text(v, k)}" for k, v in values.items() if v is not None)
    return f"return {op} {{ {keys} }}"
