"""What the Python code of InternImage (DCNv3) and of DCNv4 asks of its compiled parts.

Names and order of arguments are theirs.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..error import ENVIRONMENT, Error, wrong
from ..plans import Aggregation
from . import aggregation
from .replace import Replaced, StandIn, on_cpu, take_over

Tensor = torch.Tensor


def _attributes(v: tuple[Any, ...], remove_center: Any, softmax: bool = False) -> Aggregation:
    """From kernel_h to offset_scale: sizes (h and w of each), group, channels of a group, scale."""
    return Aggregation(
        v[8],
        (v[0], v[1]),
        (v[2], v[3]),
        (v[4], v[5]),
        (v[6], v[7]),
        float(v[10]),
        bool(remove_center),
        "softmax" if softmax else "mask",
    )


def _checked(
    input: Tensor, v: tuple[Any, ...], remove_center: Any, softmax: bool = False
) -> Aggregation:
    """:func:`_attributes`, whose groups are of all channels of the input."""
    if tuple(input.shape[3:]) != (v[8] * v[9],):
        shape = tuple(input.shape)
        wrong(f"{v[8]} groups of {v[9]} channels are stated, and input has shape {shape}")
    return _attributes(v, remove_center, softmax)


# ---- DCNv3 -----------------------------------------------------------------------------------


def dcnv3_forward(input: Tensor, offset: Tensor, mask: Tensor, *rest: Any) -> Tensor:
    """rest: kernel_h … offset_scale, im2col_step, and in newer versions remove_center."""
    given = {"input": input, "offset": offset, "mask": mask}
    a = _checked(input, rest, rest[12] if len(rest) > 12 else False)
    return aggregation.forward("DCNv3 dcnv3_forward", "dcnv3", given, a)


def dcnv3_backward(input: Tensor, offset: Tensor, mask: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    """rest: kernel_h … offset_scale, grad_output, im2col_step, and in newer versions remove_center."""
    given = {"input": input, "offset": offset, "mask": mask}
    a = _checked(input, rest, rest[13] if len(rest) > 13 else False)
    call = "DCNv3 dcnv3_backward"
    grads = aggregation.backward(call, "dcnv3", rest[11], given, given, a)
    return tuple(grads.values())


def _core(theirs: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """In the place of dcnv3_core_pytorch, which pads height by pad_w and width by pad_h."""

    def dcnv3_core_pytorch(input: Tensor, offset: Tensor, mask: Tensor, *rest: Any) -> Tensor:
        if not on_cpu((input,)):
            return theirs(input, offset, mask, *rest)
        a = _checked(input, rest, rest[11] if len(rest) > 11 else False)
        a = a._replace(padding=(a.padding[1], a.padding[0]))
        return aggregation.core_of_dcnv3(input, offset, mask, a)

    return dcnv3_core_pytorch


class _Cores:
    """dcnv3_core_pytorch of every module that has it by now."""

    NAME = "dcnv3_core_pytorch"

    def __init__(self) -> None:
        self._theirs: list[tuple[Any, Callable[..., Tensor]]] = []
        for module in list(sys.modules.values()):
            theirs = getattr(module, "__dict__", {}).get(self.NAME)
            if callable(theirs):
                self._theirs.append((module, theirs))
                setattr(module, self.NAME, _core(theirs))

    def undo(self) -> None:
        for module, theirs in self._theirs:
            setattr(module, self.NAME, theirs)


class _Distribution(importlib.metadata.Distribution):
    """InternImage asks for the version of an installed DCNv3 when it is imported."""

    def read_text(self, filename: str) -> str | None:
        return (
            "Metadata-Version: 2.1\nName: DCNv3\nVersion: 1.1\n" if filename == "METADATA" else None
        )

    def locate_file(self, path: Any) -> Any:
        return path


class _Installed:
    """A distribution called DCNv3, for importlib.metadata and for pkg_resources."""

    def __init__(self) -> None:
        sys.meta_path.append(self)
        self._resources: Any = None
        if importlib.util.find_spec("pkg_resources"):
            import pkg_resources  # noqa: PLC0415  slow, and for those only who have it

            self._resources = pkg_resources.working_set
            self._resources.add(
                pkg_resources.Distribution(project_name="DCNv3", version="1.1"),
                "dcngen",
                insert=False,
            )

    def find_spec(self, *args: Any) -> None:
        """No module is found here."""

    def find_distributions(self, context: Any = None) -> Iterator[_Distribution]:
        """What importlib.metadata asks."""
        name = getattr(context, "name", None)
        if name is None or name.lower() == "dcnv3":
            yield _Distribution()

    def undo(self) -> None:
        sys.meta_path.remove(self)
        if self._resources is not None:
            self._resources.by_key.pop("dcnv3", None)
            self._resources.entry_keys.pop("dcngen", None)


class OverrideDCNv3:
    """The compiled module DCNv3, or one in its place, and the core in plain PyTorch."""

    def __init__(self) -> None:
        functions = {"dcnv3_forward": dcnv3_forward, "dcnv3_backward": dcnv3_backward}
        module = take_over("DCNv3", functions)
        self._parts: list[Any] = [module, _Cores()]
        if isinstance(module, StandIn):
            self._parts.append(_Installed())

    def undo(self) -> None:
        """As it was before."""
        for part in self._parts:
            part.undo()


# ---- DCNv4 -----------------------------------------------------------------------------------


def dcnv4_forward(input: Tensor, offset_mask: Tensor, *rest: Any) -> Tensor:
    """rest: kernel_h … offset_scale, im2col_step, remove_center, two of CUDA's, softmax."""
    given = {"input": input, "offset_mask": offset_mask}
    a = _checked(input, rest, rest[12], bool(rest[15]))
    return aggregation.forward("DCNv4 dcnv4_forward", "dcnv4", given, a)


def dcnv4_backward(input: Tensor, offset_mask: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    """rest: kernel_h … offset_scale, im2col_step, grad_output, remove_center, two of CUDA's, softmax."""
    given = {"input": input, "offset_mask": offset_mask}
    a = _checked(input, rest, rest[13], bool(rest[16]))
    call = "DCNv4 dcnv4_backward"
    grads = aggregation.backward(call, "dcnv4", rest[12], given, given, a)
    return tuple(grads.values())


def override_dcnv4() -> Replaced | StandIn:
    """``DCNv4.ext`` on the CPU; where DCNv4's Python code is there without it, in its place."""
    if importlib.util.find_spec("DCNv4") is None:
        raise Error(ENVIRONMENT, "patch: there is no package DCNv4 (its Python code is enough)")
    functions = {"dcnv4_forward": dcnv4_forward, "dcnv4_backward": dcnv4_backward}
    return take_over("DCNv4.ext", functions)
