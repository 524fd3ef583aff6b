"""What ran for which call, and why.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from ..kernel import Kernel
from ..plans import Plan


class _Kind:
    """Calls that one kernel served: how many, and the plan of the last of them."""

    def __init__(self, plan: Plan) -> None:
        self.count, self.plan = 0, plan


_ran: dict[tuple[str, Kernel | None, int], _Kind] = {}
_left: dict[str, str] = {}


def ran(call: str, plan: Plan, threads: int) -> None:
    """A kernel of dcngen served the call."""
    key = call, plan.kernel, threads
    kind = _ran.get(key)
    if kind is None:
        kind = _ran.setdefault(key, _Kind(plan))
    kind.count += 1
    kind.plan = plan


def left(call: str, reason: str) -> None:
    """Such calls are left to whom they are made to."""
    _left[call] = reason


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _describe(plan: Plan, threads: int) -> str:
    sizes = ", ".join(
        f"{name} {n}" for name, n in zip(("N", "H", "W", "R"), plan.sizes, strict=True) if n
    )
    if plan.kernel is None:
        return f"{sizes}: nothing to compute"
    text = plan.kernel.explain().splitlines()
    origin = text[2] if len(text) > 2 else ""
    dynamic = "one kernel for many sizes" if plan.kernel.dynamic else "compiled for this size"
    lines = [
        f"{sizes}, result {' x '.join(map(str, plan.shape))}, threads {threads}: {dynamic}",
        text[0].removeprefix("return "),
        f"{text[1]}   ({origin})",
    ]
    return "\n    ".join(lines)


def explain() -> str:
    """Every kind of call since :func:`clear`: how often, which kernel ran on how many threads, and why that one; and
    what was left to the original code, and why."""
    lines = [
        f"{call}, {_times(kind.count)}: dcngen\n    {_describe(kind.plan, threads)}"
        for (call, _, threads), kind in list(_ran.items())
    ]
    lines += [f"{call}: left to the original\n    {reason}" for call, reason in _left.items()]
    return "\n".join(lines) if lines else "nothing ran yet"


def names() -> list[str]:
    """The kinds of calls that dcngen served, in the order of the first of each."""
    return [call for call, _, _ in _ran]


def clear() -> None:
    """Forget what ran."""
    _ran.clear()
    _left.clear()
