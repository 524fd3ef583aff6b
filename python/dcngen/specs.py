"""Text of the spec language for what functions are asked for.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Mapping

Value = bool | int | float | str | tuple[int, ...] | tuple[str, ...] | None


def value_text(value: Value) -> str:
    """A value as Lua writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "{ " + ", ".join(map(value_text, value)) + " }"
    if isinstance(value, str):
        return value if value == "dynamic" else f'"{value}"'
    return repr(value)


def spec_text(op: str, values: Mapping[str, Value]) -> str:
    """``return OP { key = value, ... }``; what is None is left out."""
    keys = ", ".join(f"{k} = {value_text(v)}" for k, v in values.items() if v is not None)
    return f"return {op} {{ {keys} }}"
