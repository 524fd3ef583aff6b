"""Compiled parts of other packages: functions of a module replaced for tensors on the CPU, or a module that was never built put in place.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any, NoReturn

import torch

from ..error import ENVIRONMENT, Error

Functions = dict[str, Callable[..., Any]]


def on_cpu(args: tuple[Any, ...]) -> bool:
    """Whether all tensors among them are."""
    return all(a.device.type == "cpu" for a in args if isinstance(a, torch.Tensor))


def _choose(ours: Callable[..., Any], theirs: Callable[..., Any]) -> Callable[..., Any]:
    """ours for tensors on the CPU, theirs for others."""

    @wraps(theirs)
    def function(*args: Any, **keywords: Any) -> Any:
        return (ours if on_cpu(args) else theirs)(*args, **keywords)

    return function


class Replaced:
    """Attributes of a module, replaced until :meth:`undo`."""

    def __init__(self, module: Any, functions: Functions) -> None:
        self._module = module
        self._theirs = {name: getattr(module, name) for name in functions if hasattr(module, name)}
        for name, theirs in self._theirs.items():
            setattr(module, name, _choose(functions[name], theirs))

    def undo(self) -> None:
        """As it was before."""
        for name, theirs in self._theirs.items():
            setattr(self._module, name, theirs)


class _Stand(ModuleType):
    """A compiled module that is not there: what dcngen has works, all other names raise when they are called."""

    undone: frozenset[str] = frozenset()  # what dcngen had until the patch was undone

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name.startswith("__"):
            raise AttributeError(name)

        def not_built(*args: Any, **keywords: Any) -> NoReturn:
            why = "the patch of dcngen was undone" if name in self.undone else "dcngen has none"
            raise Error(ENVIRONMENT, f"{self.__name__}.{name} is not built, and {why}")

        return not_built


#: By name, for ever: who imported one keeps it, and finds the functions of a later patch there.
_stands: dict[str, _Stand] = {}


class StandIn:
    """A module put into ``sys.modules`` until :meth:`undo`; who imported it keeps it, but then all of its functions raise."""

    def __init__(self, name: str, functions: dict[str, Any]) -> None:
        self._name, self._functions = name, functions
        made = _Stand(name, "Put in place by dcngen.torch.patch.")
        self._module = _stands.setdefault(name, made)
        self._module.__dict__.update(functions)
        sys.modules[name] = self._module
        package, _, last = name.rpartition(".")
        if package in sys.modules:
            setattr(sys.modules[package], last, self._module)

    def undo(self) -> None:
        """As if it had never been there."""
        self._module.undone = frozenset(self._functions)
        for name in self._functions:
            self._module.__dict__.pop(name, None)
        sys.modules.pop(self._name, None)
        package, _, last = self._name.rpartition(".")
        if getattr(sys.modules.get(package), last, None) is self._module:
            delattr(sys.modules[package], last)


def take_over(name: str, functions: dict[str, Any]) -> Replaced | StandIn:
    """The functions of a compiled module, which may not be there."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return StandIn(name, functions)
    return Replaced(module, functions)
