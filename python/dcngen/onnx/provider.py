"""The execution provider: where its library lies, and how a session gets it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import ctypes
import importlib
import threading
from pathlib import Path
from typing import Any

from .._abi import lib
from ..arguments import integer
from ..error import ENVIRONMENT, Error, wrong

LIBRARY = "libdcngen_onnxruntime.so"
NAME = "DcngenExecutionProvider"
ENTRY = f"ep.{NAME.lower()}.threads"
OLDEST = (1, 24)

_registering = threading.Lock()


class _Where(ctypes.Structure):
    """C's Dl_info."""

    _fields_ = [
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    ]


def get_library_path() -> str:
    """The library of the execution provider, which lies beside libdcngen.

    Returns:
        An absolute path, as ``onnxruntime.register_execution_provider_library`` needs it.
    """
    where = _Where()
    function = ctypes.cast(lib.dcn_version, ctypes.c_void_p)
    ctypes.CDLL(None).dladdr(function, ctypes.byref(where))
    folder = Path((where.file or b"").decode()).resolve().parent
    path = folder / LIBRARY
    if not path.exists():
        raise Error(ENVIRONMENT, f"there is no {LIBRARY} beside libdcngen in {folder}")
    return str(path)


def get_ep_name() -> str:
    """The name of the execution provider, for ``providers=`` and ``OrtEpDevice.ep_name``."""
    return NAME


def get_ep_names() -> list[str]:
    """All execution providers of the library: the one."""
    return [NAME]


def _onnxruntime() -> Any:
    try:
        ort = importlib.import_module("onnxruntime")
    except ImportError as reason:
        raise Error(ENVIRONMENT, f"onnxruntime cannot be imported: {reason}") from None
    version = str(ort.__version__)
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise Error(ENVIRONMENT, f"onnxruntime {oldest} or later is needed, this is {version}")
    return ort


def _devices(ort: Any, name: str) -> list[Any]:
    return [device for device in ort.get_ep_devices() if device.ep_name == name]


def _has(session_options: Any, entry: str) -> bool:
    """Whether somebody set that entry of the configuration; asking for one that is not there is an error."""
    try:
        session_options.get_session_config_entry(entry)
    except RuntimeError:
        return False
    return True


def register(session_options: Any, *, threads: int = 0) -> None:
    """Let sessions with these options run deformable convolutions by dcngen, and all else on the CPU as before.

    The library is registered with ONNX Runtime in the first call, for as long as the process lives.

    Args:
        session_options: An ``onnxruntime.SessionOptions`` to which no provider was added yet; the session is made
            without ``providers=``.
        threads: How many of ONNX Runtime's threads kernels are compiled for; 0: what the entry
            ``ep.dcngenexecutionprovider.threads`` of the options says, else ``session_options.intra_op_num_threads`` where that is
            set, else as many as there are cores.
    """
    threads = integer(threads, "threads", 0)
    ort = _onnxruntime()
    if not isinstance(session_options, ort.SessionOptions):
        kind = type(session_options).__name__
        wrong(f"register: the options are a {kind}, expected onnxruntime.SessionOptions")
    with _registering:
        if not _devices(ort, NAME):
            ort.register_execution_provider_library("dcngen", get_library_path())
    if not threads and not _has(session_options, ENTRY):
        threads = int(session_options.intra_op_num_threads)
    options = {"threads": str(threads)} if threads else {}
    session_options.add_provider_for_devices(_devices(ort, NAME), options)
    session_options.add_provider_for_devices(_devices(ort, "CPUExecutionProvider"), {})
