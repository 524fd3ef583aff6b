"""Files of parameters: safetensors, a header in JSON and the numbers behind it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...error import ENVIRONMENT, Error

LETTERS = {"float32": "F32", "float64": "F64"}


def write_whole(path: str | os.PathLike[str], *parts: Any) -> None:
    """A file with these bytes; a reader never sees half of it."""
    path = os.fspath(path)
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            for data in parts:
                file.write(data)
        os.replace(part, path)
    except OSError as reason:
        raise Error(ENVIRONMENT, f"{path} cannot be written: {reason.strerror}") from None


def save_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Write arrays of float32 or float64 by name."""
    header, at = {}, 0
    data = {name: np.ascontiguousarray(x, x.dtype.newbyteorder("<")) for name, x in arrays.items()}
    for name, x in data.items():
        end = at + x.nbytes
        kind = LETTERS[x.dtype.name]
        header[name] = {"dtype": kind, "shape": list(arrays[name].shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write_whole(path, len(text).to_bytes(8, "little"), text, *(x.data for x in data.values()))
