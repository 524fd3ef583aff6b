"""Functions that torch.compile does not look into: they hand bare addresses to a library.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch

F = TypeVar("F", bound=Callable[..., Any])


def eager(function: F) -> F:
    """A function at which a graph breaks; where there is no torch.compile, `function` itself."""
    disable = getattr(getattr(torch, "compiler", None), "disable", None)
    result: F = disable(function) if disable else function
    return result


def compiling() -> bool:
    """Whether torch.compile looks on."""
    asked = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return bool(asked()) if asked else False
