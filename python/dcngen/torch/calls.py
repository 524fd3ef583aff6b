"""Kernels on tensors of torch: types, layouts, threads, addresses.

All of this runs where autograd does not look: in a kernel of the dispatcher, or in an autograd.Function.
float32 and float64 are computed as they are, other floating types in float32.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import NoReturn

import torch

from .. import plans
from ..error import wrong
from ..plans import Plan
from . import log, pool
from .results import new

Tensors = dict[str, torch.Tensor]
F32: torch.dtype = torch.float32
F64: torch.dtype = torch.float64
_NAMES = {F32: "f32", F64: "f64"}


def compute_type(*tensors: torch.Tensor | None) -> torch.dtype:
    """float64 if one of them is, else float32."""
    for t in tensors:
        if t is not None and t.dtype == F64:
            return F64
    return F32


def type_name(dtype: torch.dtype) -> str:
    """The name in the spec language."""
    return _NAMES[dtype]


def _converted(name: str, t: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    if not t.is_cpu:
        wrong(f"{name} is on {t.device}, expected the CPU")
    if t.layout is not torch.strided:
        wrong(f"{name} has layout {t.layout}, expected {torch.strided}")
    if not t.is_floating_point():
        wrong(f"{name} is of {t.dtype}, expected a floating type")
    converted: torch.Tensor = t.to(dtype)
    return converted


def dense(dtype: torch.dtype, **tensors: torch.Tensor | None) -> Tensors:
    """The tensors that are there, of that type and in C order; themselves, if they are so."""
    found = {}
    for name, t in tensors.items():
        if t is not None:
            same = t.dtype is dtype and t.is_cpu and t.layout is torch.strided
            found[name] = (t if same else _converted(name, t, dtype)).contiguous()
    return found


def shape(tensors: Tensors, name: str) -> plans.Shape | None:
    """Its shape, if it is there."""
    t = tensors.get(name)
    return None if t is None else t.shape


def rank(call: str, input: torch.Tensor, dimensions: int) -> plans.Shape:
    """The shape of the input, which has so many dimensions."""
    if not isinstance(input, torch.Tensor):
        wrong(f"{call}: input is a {type(input).__name__}, expected a tensor")
    if input.ndim != dimensions:
        wrong(f"{call}: input has shape {tuple(input.shape)}, expected {dimensions} dimensions")
    return tuple(input.shape)


def _refuse(call: str, name: str, t: torch.Tensor | None, expected: plans.Shape) -> NoReturn:
    found = "is missing" if t is None else f"has shape {tuple(t.shape)}"
    wrong(f"{call}: {name} {found}, expected {'shape ' * (t is None)}{expected}")


def run(call: str, plan: Plan, tensors: Tensors, outputs: Tensors) -> None:
    """One call of the plan's kernel, with torch's number of threads. Every operand that is read must be there, and have the
    shape that the kernel expects."""
    threads = torch.get_num_threads()
    if plan.kernel is None:
        log.ran(call, plan, threads)
        for t in outputs.values():
            t.zero_()
        return
    addresses = plan.blank()
    for i, name, expected in plan.reads:
        given = tensors.get(name)
        if given is None or given.shape != expected:
            _refuse(call, name, given, expected)
        addresses[i] = given.data_ptr()
    for i, name, expected in plan.writes:
        target = outputs.get(name)
        if target is not None:
            if target.shape != expected:
                _refuse(call, name, target, expected)
            addresses[i] = target.data_ptr()
    log.ran(call, plan, threads)
    plan.run(addresses, pool.threads(threads))


def forward(
    call: str,
    plan: Plan,
    tensors: Tensors,
    like: torch.Tensor,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """The output, of the type that ``like`` has; or ``out``, written to."""
    dtype = tensors["input"].dtype
    if out is not None and out.dtype == dtype and out.is_contiguous() and out.shape == plan.shape:
        run(call, plan, tensors, {"output": out})
        return out
    output = new(plan.shape, dtype)
    run(call, plan, tensors, {"output": output})
    if out is not None:
        out.copy_(output)
        return out
    return output if like.dtype is dtype else output.to(like.dtype)


def backward(
    call: str, plan: Plan, tensors: Tensors, wanted: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Gradients by name, of the shapes and types of ``wanted``."""
    dtype = tensors["grad_output"].dtype
    grads = {f"grad_{name}": new(t.shape, dtype) for name, t in wanted.items()}
    run(call, plan, tensors, grads)
    return {name: grads[f"grad_{name}"].to(t.dtype) for name, t in wanted.items()}
