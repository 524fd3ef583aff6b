"""Finds the program ``dcngen``.

In this order: the file that DCNGEN_PROGRAM names, one in this package (of a wheel), one beside the library that
DCNGEN_LIBRARY names, and the first in PATH. A variable that names something else is an error, never passed over.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .error import ENVIRONMENT, Error

NAME = "dcngen"


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def find() -> str:
    """Its path; an Error where there is none."""
    named = os.environ.get("DCNGEN_PROGRAM")
    if named:
        if not _runs(Path(named)):
            raise Error(ENVIRONMENT, f"DCNGEN_PROGRAM={named} is no program")
        return named
    beside = [Path(__file__).parent / "bin" / NAME]
    library = os.environ.get("DCNGEN_LIBRARY")
    if library:
        beside.append(Path(library).parent / NAME)
    found = next((str(path) for path in beside if _runs(path)), None) or shutil.which(NAME)
    if found is None:
        raise Error(
            ENVIRONMENT,
            "there is no program dcngen in PATH; set DCNGEN_PROGRAM to its path, or install it",
        )
    return found
