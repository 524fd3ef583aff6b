"""Operators of dcngen in torch's dispatcher, as ``torch.ops.dcngen.NAME``: with them torch.compile has no break in its graph.

An operator is a function of operands, some of which may be None, and attributes. It has a second one for its gradients, which
returns those that are wanted, and has none itself. Where torch is older than 2.4 the same functions are an autograd.Function.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import torch

from ..error import wrong
from .eager import eager

Tensor = torch.Tensor
Given = dict[str, Tensor]

#: Whether torch has what such operators need.
IN_DISPATCHER = hasattr(torch.library, "register_fake") and hasattr(
    torch.library, "register_autograd"
)

_torch: Any = torch  # of whose names older versions lack some
_library: Any = torch.library.Library("dcngen", "DEF") if IN_DISPATCHER else None


def _twice(*_: Any) -> NoReturn:
    wrong("gradients of dcngen's operators cannot be differentiated again")


def _never(*_: Any) -> NoReturn:
    wrong("a module as one kernel has no gradients: it is for inference")


class Operator:
    """Callable with tensors, or None, in the order of ``operands``, then attributes.

    Args:
        name: Of the operator.
        operands: Their names; one that ends in ``?`` may be None.
        attributes: As a schema has them, ``"int[] stride, float scale"``.
        forward: (operands by name, *attributes) to the output.
        backward: (gradient of the output, operands, names of those whose gradients are wanted, *attributes) to these; None:
            there are none.
        shape: (operands, *attributes) to the shape of the output.
        format_of: (operands, tensor) to the memory format of the output, and of the gradient of that operand.
        constant: Operands that have no gradient.
    """

    def __init__(
        self,
        name: str,
        operands: tuple[str, ...],
        attributes: str,
        forward: Callable[..., Tensor],
        backward: Callable[..., Given] | None,
        shape: Callable[..., Iterable[int]],
        format_of: Callable[[Given, Tensor], Any] = lambda given, t: torch.contiguous_format,
        constant: tuple[str, ...] = (),
    ) -> None:
        self.name, self._constant = name, constant
        self._names = tuple(operand.rstrip("?") for operand in operands)
        self._optional = tuple(operand.endswith("?") for operand in operands)
        self._forward, self._backward = forward, backward
        self._shape, self._format_of = shape, format_of
        if IN_DISPATCHER:
            given = ", ".join(f"Tensor{o[len(o.rstrip('?')) :]} {o.rstrip('?')}" for o in operands)
            self._register(given, attributes)
            self._call: Callable[..., Tensor] = getattr(_torch.ops.dcngen, name)
        elif backward is None:
            self._call = eager(self.compute)
        else:
            self._call = eager(lambda *args: _Differentiable.apply(self, *args))

    def __call__(self, *args: Any) -> Tensor:
        for name, optional, t in zip(self._names, self._optional, args, strict=False):
            if not (isinstance(t, Tensor) or (optional and t is None)):
                wrong(f"{self.name}: {name} is a {type(t).__name__}, expected a tensor")
            if (
                t is not None and t.layout is not torch.strided
            ):  # the dispatcher knows no kernel then
                wrong(f"{self.name}: {name} has layout {t.layout}, expected {torch.strided}")
        output: Tensor = self._call(*args)
        return output

    # ---- what is computed -------------------------------------------------------------------------

    def _split(self, args: tuple[Any, ...]) -> tuple[Given, tuple[Any, ...]]:
        """Operands that are there, by name, and attributes."""
        n = len(self._names)
        given = {k: t for k, t in zip(self._names, args[:n], strict=True) if t is not None}
        return given, args[n:]

    def compute(self, *args: Any) -> Tensor:
        """The output."""
        given, attributes = self._split(args)
        return self._forward(given, *attributes)

    def gradients(self, grad: Tensor, *args: Any) -> list[Tensor]:
        """Gradients in the order of operands; the last argument says which are wanted."""
        assert self._backward is not None
        given, attributes = self._split(args[:-1])
        names = [k for k, wanted in zip(self._names, args[-1], strict=True) if wanted]
        grads = self._backward(grad, given, names, *attributes)
        return [grads[k] for k in names]

    def wanted(self, args: tuple[Any, ...], needs: Iterable[bool]) -> list[bool]:
        """Whether the gradient of each operand is needed, and there is one."""
        three = zip(self._names, args, needs, strict=False)
        return [t is not None and need and k not in self._constant for k, t, need in three]

    # ---- the dispatcher ---------------------------------------------------------------------------

    def _fake(self, *args: Any) -> Tensor:
        given, attributes = self._split(args)
        like = given["input"]
        for name, t in given.items():
            if t.device != like.device:
                wrong(f"{name} is on {t.device}, and input on {like.device}")
        shape = list(self._shape(given, *attributes))
        return torch.empty(
            shape, dtype=like.dtype, device=like.device, memory_format=self._format_of(given, like)
        )

    def _fake_gradients(self, grad: Tensor, *args: Any) -> list[Tensor]:
        given, _ = self._split(args[:-1])
        wanted = [given[k] for k, want in zip(self._names, args[-1], strict=True) if want]
        return [torch.empty_like(t, memory_format=self._format_of(given, t)) for t in wanted]

    def _setup(self, ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        n = len(self._names)
        ctx.save_for_backward(*inputs[:n])
        ctx.attributes = inputs[n:]

    def _differentiate(self, ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        operands = ctx.saved_tensors
        wanted = self.wanted(operands, ctx.needs_input_grad)
        function = getattr(_torch.ops.dcngen, f"{self.name}_backward")
        grads = iter(function(grad, *operands, *ctx.attributes, wanted))
        found = [next(grads) if want else None for want in wanted]
        return (*found, *(None for _ in ctx.attributes))

    def _define(self, name: str, schema: str, function: Any, fake: Any) -> None:
        tags = (_torch.Tag.needs_fixed_stride_order, _torch.Tag.pt2_compliant_tag)
        _library.define(f"{name}{schema}", tags=tags)
        _library.impl(name, function, "CPU")
        _torch.library.register_fake(f"dcngen::{name}", fake, lib=_library)

    def _register(self, operands: str, attributes: str) -> None:
        differentiate = _torch.library.register_autograd
        schema = f"({operands}, {attributes}) -> Tensor"
        self._define(self.name, schema, self.compute, self._fake)
        if self._backward is None:
            differentiate(f"dcngen::{self.name}", _never, lib=_library)
            return
        differentiate(
            f"dcngen::{self.name}", self._differentiate, setup_context=self._setup, lib=_library
        )
        back = f"{self.name}_backward"
        schema = f"(Tensor grad, {operands}, {attributes}, bool[] wanted) -> Tensor[]"
        self._define(back, schema, self.gradients, self._fake_gradients)
        differentiate(f"dcngen::{back}", _twice, lib=_library)


class _Differentiable(torch.autograd.Function):
    """What takes the dispatcher's place in older versions."""

    @staticmethod
    def forward(ctx: Any, operator: Operator, *args: Any) -> Tensor:
        operator._setup(ctx, args, torch.empty(0))
        ctx.operator = operator
        return operator.compute(*args)

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        operator: Operator = ctx.operator
        operands = ctx.saved_tensors
        wanted = operator.wanted(operands, ctx.needs_input_grad[1:])
        grads = iter(operator.gradients(grad, *operands, *ctx.attributes, wanted))
        found = [next(grads) if want else None for want in wanted]
        return (None, *found, *(None for _ in ctx.attributes))
