"""Kernels on tensors of torch: types, layouts, threads, addresses.

All of this runs where autograd does not look: in a kernel of the dispatcher, or in an autograd.Function.
float32 and float64 are computed as they are, other floating types in float32.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch

from .. import packing, plans
from .._arrays import pointer
from ..error import wrong
from ..kernel import Kernel, Sizes
from ..plans import Plan
from . import log

Tensors = dict[str, torch.Tensor]
_NAMES = {torch.float32: "f32", torch.float64: "f64"}


def compute_type(*tensors: torch.Tensor | None) -> torch.dtype:
    """float64 if one of them is, else float32."""
    double = any(t is not None and t.dtype == torch.float64 for t in tensors)
    return torch.float64 if double else torch.float32


def type_name(dtype: torch.dtype) -> str:
    """The name in the spec language."""
    return _NAMES[dtype]


def _converted(name: str, t: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    if not t.is_cpu:
        wrong(f"{name} is on {t.device}, expected the CPU")
    if not t.is_floating_point():
        wrong(f"{name} is of {t.dtype}, expected a floating type")
    converted: torch.Tensor = t.to(dtype)
    return converted


def dense(dtype: torch.dtype, **tensors: torch.Tensor | None) -> Tensors:
    """Those that are there, of that type and in C order: themselves, if they are so already."""
    return {
        name: (t if t.dtype == dtype and t.is_cpu else _converted(name, t, dtype)).contiguous()
        for name, t in tensors.items()
        if t is not None
    }


def shape(tensors: Tensors, name: str) -> plans.Shape | None:
    """Its shape, if it is there."""
    return tuple(tensors[name].shape) if name in tensors else None


def rank(call: str, input: torch.Tensor, dimensions: int) -> plans.Shape:
    """The shape of the input, which has so many dimensions."""
    if input.ndim != dimensions:
        wrong(f"{call}: input has shape {tuple(input.shape)}, expected {dimensions} dimensions")
    return tuple(input.shape)


_Operands = tuple[tuple[str, bool, plans.Shape], ...]
_MOST_SIZES = 256
_operands: WeakKeyDictionary[Kernel, dict[Sizes, _Operands]] = WeakKeyDictionary()


def _expected(kernel: Kernel, sizes: Sizes) -> _Operands:
    """Of each operand in a call with these sizes its name, whether it is written, and its shape; remembered while the
    kernel lives."""
    by_sizes = _operands.get(kernel)
    if by_sizes is None or len(by_sizes) > _MOST_SIZES:
        by_sizes = _operands[kernel] = {}
    found = by_sizes.get(sizes)
    if found is None:
        both = zip(kernel.tensors, kernel.shapes(sizes), strict=True)
        found = by_sizes[sizes] = tuple((t.name, t.role == "out", shape) for t, shape in both)
    return found


def _check(call: str, kernel: Kernel, sizes: Sizes, given: Tensors) -> None:
    """An error, unless every operand that is read is there, and has the shape that the kernel expects."""
    for name, written, expected in _expected(kernel, sizes):
        t = given.get(name)
        if t is None and not written:
            wrong(f"{call}: {name} is missing, expected shape {expected}")
        if t is not None and t.shape != expected:
            wrong(f"{call}: {name} has shape {tuple(t.shape)}, expected {expected}")


def run(call: str, plan: Plan, tensors: Tensors, outputs: Tensors) -> None:
    """One call of the plan's kernel, with torch's number of threads."""
    threads = torch.get_num_threads()
    if plan.kernel is None:
        log.ran(call, plan, threads)
        for t in outputs.values():
            t.zero_()
        return
    _check(call, plan.kernel, plan.sizes, {**tensors, **outputs})
    log.ran(call, plan, threads)
    names = plan.kernel.names
    pointers = {name: t.data_ptr() for name, t in tensors.items() if name in names}
    packed = []  # holds them during the call
    for i in plan.weights:
        name = names[i]
        size = tensors[name].numel() * tensors[name].element_size()
        packed.append(packing.packed(plan.kernel, i, pointers[name], size))
        pointers[name] = pointer(packed[-1])
    pointers.update((name, t.data_ptr()) for name, t in outputs.items())
    plan.kernel.run(pointers, plan.sizes, threads)


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
    output = torch.empty(plan.shape, dtype=dtype)
    run(call, plan, tensors, {"output": output})
    if out is not None:
        out.copy_(output)
        return out
    result: torch.Tensor = output.to(like.dtype)
    return result


def backward(
    call: str, plan: Plan, tensors: Tensors, wanted: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Gradients by name, of the shapes and types of ``wanted``."""
    dtype = tensors["grad_output"].dtype
    grads = {
        f"grad_{name}": torch.empty(t.shape, dtype=dtype, device=t.device)
        for name, t in wanted.items()
    }
    run(call, plan, tensors, grads)
    return {name: grads[f"grad_{name}"].to(t.dtype) for name, t in wanted.items()}
