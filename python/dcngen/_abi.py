"""What of dcngen.h is needed here: a few plain structs, and the functions.

Specs, modules and kernels stay opaque. Sizes and offsets of the structs are compared with C's by tests/python.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import threading
from ctypes import (
    CDLL,
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
)
from typing import NoReturn

from ._library import open_library
from .error import Error

DYNAMIC = -1
IN, WEIGHT, OUT = 0, 1, 2
F32, F64 = 0, 1
MAX_RANK = 4


class dcn_error(Structure):
    _fields_ = [("code", c_int), ("line", c_int), ("file", c_char * 256), ("text", c_char * 768)]


class dcn_param(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class dcn_options(Structure):
    _fields_ = [
        ("schedule", c_char_p),
        ("target", c_void_p),
        ("threads", c_int),
        ("parameters", c_void_p),
        ("memory", c_int64),
        ("before_tuning", c_void_p),
        ("after_tuning", c_void_p),
        ("self", c_void_p),
        ("stop", c_void_p),
    ]


class dcn_sizes(Structure):
    _fields_ = [("batch", c_int64), ("height", c_int64), ("width", c_int64), ("rois", c_int64)]


class dcn_tensor(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("role", c_int),
        ("dtype", c_int),
        ("rank", c_int),
        ("dims", c_int64 * MAX_RANK),
    ]


class dcn_parameter(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("dtype", c_int),
        ("rank", c_int),
        ("dims", c_int64 * MAX_RANK),
        ("at", c_int64),
        ("count", c_int64),
        ("grad_at", c_int64),
    ]


class dcn_openmp(Structure):
    _fields_ = [("parallel", c_void_p), ("max_threads", c_void_p)]


class dcn_call(Structure):
    _fields_ = [
        ("tensor", POINTER(c_void_p)),
        ("ntensors", c_int),
        ("batch", c_int64),
        ("height", c_int64),
        ("width", c_int64),
        ("rois", c_int64),
        ("accumulate", c_uint64),
        ("workspace", c_void_p),
        ("threads", c_int),
        ("parallel_for", c_void_p),
        ("parallel_self", c_void_p),
    ]


_ERR = POINTER(dcn_error)
_PROTOTYPES = {
    "dcn_version": (c_char_p, []),
    "dcn_load_file": (c_int, [c_char_p, POINTER(dcn_param), c_int, POINTER(c_void_p), _ERR]),
    "dcn_load_text": (
        c_int,
        [c_char_p, c_char_p, POINTER(dcn_param), c_int, POINTER(c_void_p), _ERR],
    ),
    "dcn_module_count": (c_int, [c_void_p]),
    "dcn_module_spec": (c_void_p, [c_void_p, c_int]),
    "dcn_module_where": (c_int, [c_void_p, c_int, c_char_p, POINTER(c_char_p)]),
    "dcn_module_free": (None, [c_void_p]),
    "dcn_spec_print": (c_int, [c_void_p, c_char_p, c_size_t]),
    "dcn_spec_tensors": (c_int, [c_void_p, POINTER(dcn_tensor), c_int]),
    "dcn_spec_parameters": (c_int, [c_void_p, POINTER(dcn_parameter), c_int]),
    "dcn_read_parameters": (c_int, [c_void_p, c_char_p, POINTER(c_void_p), _ERR]),
    "dcn_compile": (c_int, [c_void_p, POINTER(dcn_options), POINTER(c_void_p), _ERR]),
    "dcn_explain": (
        c_int,
        [c_void_p, POINTER(dcn_options), c_void_p, c_char_p, c_size_t, _ERR],
    ),
    "dcn_kernel_free": (None, [c_void_p]),
    "dcn_kernel_spec": (c_void_p, [c_void_p]),
    "dcn_kernel_schedule": (c_char_p, [c_void_p]),
    "dcn_kernel_code_bytes": (c_size_t, [c_void_p]),
    "dcn_kernel_tensor_bytes": (c_size_t, [c_void_p, c_int]),
    "dcn_kernel_tensors": (c_int, [c_void_p, dcn_sizes, POINTER(dcn_tensor), c_int, _ERR]),
    "dcn_kernel_workspace_bytes": (c_size_t, [c_void_p, dcn_sizes, c_int]),
    "dcn_pack_tensor": (c_int, [c_void_p, c_int, c_void_p, c_void_p]),
    "dcn_fingerprint_for": (c_uint64, [c_void_p, c_size_t, c_int, c_void_p, c_void_p]),
    "dcn_execute": (c_int, [c_void_p, POINTER(dcn_call), _ERR]),
}

lib = open_library()
for _name, (_result, _arguments) in _PROTOTYPES.items():
    _function = getattr(lib, _name)
    _function.restype, _function.argtypes = _result, _arguments

#: What the library hands out and lets the caller free came from C's malloc.
free = CDLL(None).free
free.restype, free.argtypes = None, [c_void_p]

_per_thread = threading.local()


def error_struct() -> dcn_error:
    """This thread's dcn_error, for one call after another."""
    try:
        return _per_thread.error  # type: ignore[no-any-return]
    except AttributeError:
        _per_thread.error = dcn_error()
        return _per_thread.error  # type: ignore[no-any-return]


def raise_error(err: dcn_error, file: str | None = None, line: int | None = None) -> NoReturn:
    """The Error that a function left in err; file and line where it could not know them."""
    raise Error(
        err.code,
        err.text.decode(errors="replace"),
        err.file.decode(errors="replace") or file,
        err.line or line,
    )
