"""Spec files and texts, loaded.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from . import _abi
from ._abi import lib
from .error import wrong

Param = str | int | float | bool


def _param_text(value: Param) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def is_path(spec: str | os.PathLike[str]) -> bool:
    """Whether it names a file: a path object, or text that ends in ``.lua``."""
    return not isinstance(spec, str) or spec.rstrip().endswith(".lua")


@contextmanager
def loaded(spec: str | os.PathLike[str], params: Mapping[str, Param]) -> Iterator[ctypes.c_void_p]:
    """The module of a spec file or text, freed at the end."""
    if not isinstance(spec, str | bytes | os.PathLike):
        wrong(f"the spec is a {type(spec).__name__}, expected a path or text")
    module, err = ctypes.c_void_p(), _abi.error_struct()
    pairs = (_abi.dcn_param * len(params))(
        *(_abi.dcn_param(n.encode(), _param_text(v).encode()) for n, v in params.items())
    )
    rest = (pairs, len(params), ctypes.byref(module), ctypes.byref(err))
    if is_path(spec):
        failed = lib.dcn_load_file(os.fsencode(spec), *rest)
    else:
        failed = lib.dcn_load_text(str(spec).encode(), b"spec", *rest)
    if failed:
        _abi.raise_error(err)
    try:
        yield module
    finally:
        lib.dcn_module_free(module)


def spec_text(spec: int) -> str:
    """One line of the spec language."""
    buffer = ctypes.create_string_buffer(lib.dcn_spec_print(spec, None, 0) + 1)
    lib.dcn_spec_print(spec, buffer, len(buffer))
    return buffer.value.decode()


def names_of(module: ctypes.c_void_p) -> list[str]:
    """The names of its kernels."""
    return [name_of(lib.dcn_module_spec(module, i)) for i in range(lib.dcn_module_count(module))]


def name_of(spec: int) -> str:
    found = re.search(r'\bname = "(\w+)"', spec_text(spec))
    return found[1] if found else ""
