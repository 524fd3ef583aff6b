"""What ran for which call, and why.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import ReferenceType, ref

from ..kernel import Kernel, Sizes
from ..plans import Plan, Shape


class _Kind:
    """Calls that one kernel served: how many, and sizes of the last of them. The kernel itself may be freed meanwhile."""

    def __init__(self, kernel: Kernel | None) -> None:
        self.count = 0
        self.sizes: Sizes = (0, 0, 0, 0)
        self.shape: Shape = ()
        self.text = "" if kernel is None else _text(kernel)
        self.dynamic = kernel is not None and kernel.dynamic


def _text(kernel: Kernel) -> str:
    return f"{kernel.spec.removeprefix('return ')}\n    schedule: {kernel.schedule}"


_Key = tuple[str, ReferenceType[Kernel] | None, int]
_ran: dict[_Key, _Kind] = {}
_apart: dict[str, str] = {}
_left: dict[str, str] = {}


def ran(call: str, plan: Plan, threads: int) -> None:
    """A kernel of dcngen served the call."""
    key = call, None if plan.kernel is None else ref(plan.kernel), threads
    kind = _ran.get(key)
    if kind is None:
        kind = _ran.setdefault(key, _Kind(plan.kernel))
    kind.count += 1
    kind.sizes, kind.shape = plan.sizes, plan.shape


def apart(call: str, why: str) -> None:
    """The call was operators of torch, one after another."""
    _apart[call] = why


def fits(layer: object, misfit: Callable[[], str | None]) -> bool:
    """Whether a layer is one kernel; if not, :func:`explain` says why."""
    why = misfit()
    if why is not None:
        apart(type(layer).__name__, why)
    return why is None


def left(call: str, reason: str) -> None:
    """Such calls are left to whom they are made to."""
    _left[call] = reason


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _origin(kernel: Kernel | None) -> str:
    return "freed since" if kernel is None else "".join(kernel.explain().splitlines()[2:3])


def _describe(kind: _Kind, kernel: ReferenceType[Kernel] | None, threads: int) -> str:
    sizes = ", ".join(
        f"{name} {n}" for name, n in zip(("N", "H", "W", "R"), kind.sizes, strict=True) if n
    )
    if kernel is None:
        return f"{sizes}: nothing to compute"
    dynamic = "one kernel for many sizes" if kind.dynamic else "compiled for this size"
    head = f"{sizes}, result {' x '.join(map(str, kind.shape))}, threads {threads}: {dynamic}"
    return f"{head}\n    {kind.text}   ({_origin(kernel())})"


def explain() -> str:
    """Every kind of call since :func:`clear`: how often, which kernel ran on how many threads, and why that one; which
    layers were one operator after another, and what was left to the original code, and why."""
    lines = [
        f"{call}, {_times(kind.count)}: dcngen\n    {_describe(kind, kernel, threads)}"
        for (call, kernel, threads), kind in list(_ran.items())
    ]
    lines += [f"{call}: one operator after another\n    {why}" for call, why in _apart.items()]
    lines += [f"{call}: left to the original\n    {reason}" for call, reason in _left.items()]
    return "\n".join(lines) if lines else "nothing ran yet"


def names() -> list[str]:
    """The kinds of calls that dcngen served, in the order of the first of each."""
    return [call for call, _, _ in _ran]


def clear() -> None:
    """Forget what ran."""
    _ran.clear()
    _apart.clear()
    _left.clear()
