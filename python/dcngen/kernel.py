"""Kernels: a spec compiled for this machine, called with arrays.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import _abi, _arrays, _frame, parameters
from ._abi import lib
from ._arrays import Array
from ._modules import Param, loaded, names_of, spec_text
from .arguments import integer
from .error import SPEC, wrong
from .parameters import Parameter

Sizes = tuple[int, int, int, int]


class Threads(NamedTuple):
    """Who runs a call. ``parallel_for`` and ``parallel_self`` are addresses, as dcn_call has them.

    Attributes:
        number: 0: DCNGEN_NUM_THREADS, else OMP_NUM_THREADS, else one per core.
        parallel_for: None: threads of the library.
    """

    number: int = 0
    parallel_for: int | None = None
    parallel_self: int | None = None


OWN = Threads()

_execute = lib.dcn_execute

_ROLES = {_abi.IN: "in", _abi.WEIGHT: "weight", _abi.OUT: "out"}
_DTYPES: dict[int, np.dtype[Any]] = {_abi.F32: _arrays.F32, _abi.F64: _arrays.F64}
_SIZE_NAMES = ("batch", "height", "width", "rois")


class Tensor(NamedTuple):
    """An operand of a kernel. ``shape`` has -1 where a size is dynamic; ``role`` is in, weight or out."""

    name: str
    role: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class Packed:
    """A weight in the reading order of one kernel, made by :meth:`Kernel.pack`."""

    __slots__ = ("array", "index", "kernel")

    def __init__(self, kernel: Kernel, index: int, array: Array) -> None:
        self.kernel, self.index, self.array = kernel, index, array


def _tensor_of(t: _abi.dcn_tensor) -> Tensor:
    return Tensor(t.name.decode(), _ROLES[t.role], _DTYPES[t.dtype], tuple(t.dims[: t.rank]))


class Kernel:
    """Machine code for one spec.

    Args:
        spec: A path, or text of the spec language (docs/SPEC.md). A string that ends in ``.lua`` is a path.
        params: What ``param("name", default)`` reads in the spec.
        name: Which kernel, where the spec returns several.
        threads: How many threads run it: what it is tuned for, and the default of calls. 0: DCNGEN_NUM_THREADS,
            else OMP_NUM_THREADS, else one per core.
        schedule: As ``--schedule`` of the program; None: chosen.

    A kernel may be called by many threads at once.
    """

    def __init__(
        self,
        spec: str | os.PathLike[str],
        params: Mapping[str, Param] | None = None,
        *,
        name: str | None = None,
        threads: int = 0,
        schedule: str | None = None,
    ) -> None:
        self._handle = ctypes.c_void_p()
        self._source = (spec, dict(params or {}), name)
        self.threads = integer(threads, "threads")
        with loaded(spec, params or {}) as module:
            names = names_of(module)
            if name is None and len(names) != 1:
                wrong(f"the spec has {len(names)} kernels, name one of them: {', '.join(names)}")
            if name is not None and name not in names:
                wrong(f"the spec has no kernel '{name}', but: {', '.join(names)}")
            self._compile(module, names.index(name) if name is not None else 0, schedule)
        self._describe()

    def _options(self, schedule: str | None) -> _abi.dcn_options:
        return _abi.dcn_options(schedule=schedule and schedule.encode(), threads=self.threads)

    def _compile(self, module: ctypes.c_void_p, i: int, schedule: str | None) -> None:
        err, options = _abi.error_struct(), self._options(schedule)
        spec = lib.dcn_module_spec(module, i)
        if not lib.dcn_compile(
            spec, ctypes.byref(options), ctypes.byref(self._handle), ctypes.byref(err)
        ):
            return
        file, line = ctypes.c_char_p(), 0
        if err.code == SPEC:
            key = err.text.split(b" ")[0].strip(b"'")
            line = lib.dcn_module_where(module, i, key, ctypes.byref(file))
        _abi.raise_error(err, file.value.decode() if file.value else None, line or None)

    def _describe(self) -> None:
        self._spec = lib.dcn_kernel_spec(self._handle)
        count = lib.dcn_spec_tensors(self._spec, None, 0)
        listed = (_abi.dcn_tensor * count)()
        lib.dcn_spec_tensors(self._spec, listed, count)
        #: The operands in calling order.
        self.tensors: tuple[Tensor, ...] = tuple(map(_tensor_of, listed))
        self.names: tuple[str, ...] = tuple(t.name for t in self.tensors)
        #: Whether one size or another is told by each call.
        self.dynamic: bool = any(-1 in t.shape for t in self.tensors)
        #: What the operand ``parameters`` of a network is made of; of other kernels nothing.
        self.parameters: tuple[Parameter, ...] = parameters.listed(self._spec)
        self._needs = _frame.Needs(self._handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            lib.dcn_kernel_free(self._handle)

    def __deepcopy__(self, memo: dict[int, Any]) -> Kernel:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self.parameters:  # the text of a network is a short one that makes none
            return _reload, (*self._source, self.threads, self.schedule)
        return _rebuild, (self.spec, self.threads, self.schedule)

    def __repr__(self) -> str:
        return f"<dcngen.Kernel {self.spec}>"

    @property
    def spec(self) -> str:
        """The spec as one line of the spec language, every key written."""
        return spec_text(self._spec)

    @property
    def schedule(self) -> str:
        """The schedule in use."""
        text: bytes = lib.dcn_kernel_schedule(self._handle)
        return text.decode()

    def explain(self) -> str:
        """Spec, schedule, where that came from and what it means, a few lines."""
        err, options = _abi.error_struct(), self._options(None)
        why = ctypes.create_string_buffer(16384)
        if lib.dcn_explain(
            self._spec, ctypes.byref(options), None, why, len(why), ctypes.byref(err)
        ):
            _abi.raise_error(err)
        size = lib.dcn_kernel_code_bytes(self._handle)
        return f"{self.spec}\nschedule: {self.schedule}\n{why.value.decode()}\ncode: {size} bytes\n"

    # ---- weights -------------------------------------------------------------------------------

    def _weight_index(self, name: str | None) -> int:
        weights = {t.name: i for i, t in enumerate(self.tensors) if t.role == "weight"}
        name = next(iter(weights), "") if name is None else name
        if name not in weights:
            wrong(f"no weight '{name}', the kernel's are: {', '.join(weights) or 'none'}")
        return weights[name]

    def pack_pointer(self, index: int, address: int) -> Array:
        """Operand ``index``, whose elements are dense at ``address``, packed."""
        packed = _arrays.aligned(lib.dcn_kernel_tensor_bytes(self._handle, index))
        lib.dcn_pack_tensor(self._handle, index, address, _arrays.pointer(packed))
        return packed

    def pack(self, weight: Any, name: str | None = None) -> Packed:
        """A weight packed once for many calls of this kernel.

        Args:
            weight: An array with the shape of that operand; of the parameters of a network also a dict of arrays by
                name, or the path of a safetensors or npz file.
            name: Which operand; None: the first weight.
        """
        index = self._weight_index(name)
        weight = self._view(weight, self.tensors[index].name)
        array = self._fit(self.tensors[index], self.tensors[index].shape, weight)
        return Packed(self, index, self.pack_pointer(index, _arrays.pointer(array)))

    # ---- calls ---------------------------------------------------------------------------------

    def run(
        self, pointers: Mapping[str, int], sizes: Sizes, threads: int = 0, accumulate: int = 0
    ) -> None:
        """One call with addresses of dense tensors, weights packed; nothing but the kernel is checked.

        Args:
            pointers: An address for each operand; those of gradients that are not wanted are left out.
            sizes: Batch, height, width, rois; static ones are not read.
            accumulate: Bit i: operand i, a gradient, is added to.
        """
        addresses = [pointers.get(name) for name in self.names]
        self.run_at(addresses, sizes, Threads(threads), accumulate)

    def run_at(
        self, addresses: list[int | None], sizes: Sizes, threads: Threads, accumulate: int = 0
    ) -> None:
        """As :meth:`run`, with the addresses in calling order."""
        frame, n = _frame.take(), len(addresses)
        frame.tensors[:n] = addresses  # type: ignore[assignment]  # as a c_void_p is assigned to
        call = frame.call
        call.ntensors = n
        call.batch, call.height, call.width, call.rois = sizes
        call.accumulate = accumulate
        call.threads, call.parallel_for, call.parallel_self = threads
        call.workspace = frame.workspace(self._needs.count(sizes, threads.number))
        if _execute(self._handle, frame.to_call, frame.to_error):
            _abi.raise_error(frame.error)
        _frame.give_back(frame)

    def shapes(self, sizes: Sizes) -> tuple[tuple[int, ...], ...]:
        """The shapes of all operands in a call with these sizes."""
        if not self.dynamic:
            return tuple(t.shape for t in self.tensors)
        listed, err = (_abi.dcn_tensor * len(self.tensors))(), _abi.error_struct()
        if (
            lib.dcn_kernel_tensors(
                self._handle, _abi.dcn_sizes(*sizes), listed, len(listed), ctypes.byref(err)
            )
            < 0
        ):
            _abi.raise_error(err)
        return tuple(tuple(t.dims[: t.rank]) for t in listed)

    def _sizes(self, given: Mapping[str, Any], sizes: Mapping[str, int] | None) -> Sizes:
        """What the shapes of input and rois say, else what the caller does."""
        found = dict.fromkeys(_SIZE_NAMES, 0)
        if np.ndim(given.get("rois", 0)):
            found["rois"] = len(given["rois"])
        image = given.get("input", given.get("grad_input"))
        if isinstance(image, np.ndarray) and image.ndim == 4:
            at = (0, 1, 2) if 'layout = "nhwc"' in self.spec else (0, 2, 3)
            found.update(zip(_SIZE_NAMES, (image.shape[i] for i in at), strict=False))
        for name, value in (sizes or {}).items():
            if name not in found:
                wrong(f"sizes: '{name}' is none of {', '.join(_SIZE_NAMES)}")
            found[name] = integer(value, f"sizes: {name}", 0)
        return found["batch"], found["height"], found["width"], found["rois"]

    def _fit(self, t: Tensor, shape: tuple[int, ...], array: Any) -> Array:
        array = _arrays.view(array, t.name)
        if array.shape != shape:
            wrong(f"{t.name} has shape {array.shape}, expected {shape}")
        return _arrays.dense(array, t.dtype, t.name)

    def _view(self, value: Any, name: str) -> Any:
        if isinstance(value, Packed):
            return value
        if self.parameters and name == "parameters":
            value = parameters.flat(self._spec, self.parameters, value)
        return _arrays.view(value, name)

    def split(self, vector: Any, *, gradient: bool = False) -> dict[str, Array]:
        """The parameters of a network by name, as views of the operand ``parameters``; or ``grad_parameters``."""
        return parameters.split(self.parameters, _arrays.view(vector, "vector"), gradient)

    def _input(self, t: Tensor, index: int, shape: tuple[int, ...], value: Any) -> Array:
        if isinstance(value, Packed):
            if value.kernel is not self or value.index != index:
                wrong(f"{t.name} was packed for another kernel or operand")
            return value.array
        array = self._fit(t, shape, value)
        if t.role != "weight":
            return array
        return self.pack_pointer(index, _arrays.pointer(array))

    def _by_name(self, args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        inputs = [t.name for t in self.tensors if t.role != "out"]
        if len(args) > len(inputs):
            wrong(
                f"{len(args)} operands given, the kernel reads {len(inputs)}: {', '.join(inputs)}"
            )
        both = dict(zip(inputs, args, strict=False))
        for name, value in given.items():
            if name in both or name not in inputs:
                why = "given twice" if name in both else f"none of {', '.join(inputs)}"
                wrong(f"operand '{name}' is {why}")
            both[name] = value
        missing = [name for name in inputs if name not in both]
        if missing:
            wrong(f"missing: {', '.join(missing)}")
        return {name: self._view(value, name) for name, value in both.items()}

    def _outputs(self, out: Any, want: Sequence[str] | None) -> tuple[list[int], Mapping[str, Any]]:
        """Which operands are written, and the arrays that are given for them."""
        all_out = [i for i, t in enumerate(self.tensors) if t.role == "out"]
        names = [self.names[i] for i in all_out]
        given: Mapping[str, Any] = {}
        if out is not None:
            given = out if isinstance(out, Mapping) else {names[0]: out}
            if len(names) > 1 and not isinstance(out, Mapping):
                wrong(f"out: a dict is expected, of {', '.join(names)}")
        for name in [*given, *(want or ())]:
            if name not in names:
                wrong(f"'{name}' is no output, which are: {', '.join(names)}")
        wanted = names if want is None else want
        return [i for i in all_out if self.names[i] in wanted], given

    def __call__(
        self,
        *args: Any,
        out: Any = None,
        want: Sequence[str] | None = None,
        accumulate: Sequence[str] = (),
        sizes: Mapping[str, int] | None = None,
        threads: int | None = None,
        **operands: Any,
    ) -> Any:
        """Run it.

        Args:
            args, operands: What it reads, in calling order or by name: numpy or DLPack arrays with the shapes of
                :attr:`tensors`, of any dtype (converted), weights plain or packed by :meth:`pack`.
            out: The array that is written and returned; a dict of them where there are several outputs.
            want: Of a kernel of gradients: which to compute. Default all.
            accumulate: Which of the gradients in ``out`` are added to.
            sizes: Dynamic sizes that no operand tells (``batch``, ``height``, ``width``, ``rois``).
            threads: Default: those of the kernel.

        Returns:
            The output, or a dict by name: of gradients, and of what a network computes.
        """
        given = self._by_name(args, operands)
        written, targets = self._outputs(out, want)
        all_sizes = self._sizes({**targets, **given}, sizes)
        shapes = self.shapes(all_sizes)
        arrays: dict[str, Array] = {}
        bits = 0
        for i, t in enumerate(self.tensors):
            if t.name in given:
                arrays[t.name] = self._input(t, i, shapes[i], given[t.name])
        for i in written:
            name = self.names[i]
            arrays[name] = _arrays.output(targets.get(name), name, shapes[i], self.tensors[i].dtype)
            if name in accumulate:
                if name not in targets:
                    wrong(f"accumulate: '{name}' is not in out")
                bits |= 1 << i
        for name in accumulate:
            if not (bits and name in arrays):
                wrong(f"accumulate: '{name}' is no output that is wanted")
        pointers = {name: _arrays.pointer(array) for name, array in arrays.items()}
        used = self.threads if threads is None else integer(threads, "threads")
        self.run(pointers, all_sizes, used, bits)
        if len([t for t in self.tensors if t.role == "out"]) == 1 and "output" in arrays:
            return arrays["output"]
        return {self.names[i]: arrays[self.names[i]] for i in written}


def _rebuild(spec: str, threads: int, schedule: str) -> Kernel:
    return Kernel(spec, threads=threads, schedule=schedule)


def _reload(
    spec: str | os.PathLike[str],
    params: dict[str, Param],
    name: str | None,
    threads: int,
    schedule: str,
) -> Kernel:
    return Kernel(spec, params, name=name, threads=threads, schedule=schedule)


def load(spec: str | os.PathLike[str], /, **params: Param) -> Kernel:
    """Compile the one kernel of a spec file or of text; ``params`` are what ``param()`` reads in it."""
    return Kernel(spec, params)


def load_all(spec: str | os.PathLike[str], /, **params: Param) -> dict[str, Kernel]:
    """Compile all kernels of a spec file or of text, by name."""
    with loaded(spec, params) as module:
        names = names_of(module)
    return {name: Kernel(spec, params, name=name) for name in names}


__all__ = ["Kernel", "Packed", "Parameter", "Tensor", "load", "load_all"]
