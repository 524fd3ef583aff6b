"""The one exception of this package.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import NoReturn

#: Codes of errors, which are the exit codes of the program ``dcngen``.
FAILED, USAGE, SPEC, ENVIRONMENT, STORE = 1, 2, 3, 4, 5


class Error(Exception):
    """What went wrong, where, and which kind it is.

    Attributes:
        code: 1 the work ran and something failed, 2 a wrong argument, 3 a spec that cannot be, 4 the environment or
            the target, 5 a corrupt store.
        text: One line.
        file: The spec file, or None.
        line: Its line, or None.
    """

    __module__ = "dcngen"  # where users find it, and traceback says so

    def __init__(
        self, code: int, text: str, file: str | None = None, line: int | None = None
    ) -> None:
        where = "".join(f"{part}:" for part in (file, line) if part)
        super().__init__(f"{where} {text}" if where else text)
        self.code, self.text, self.file, self.line = code, text, file, line

    def __reduce__(self) -> tuple[type[Error], tuple[int, str, str | None, int | None]]:
        return type(self), (self.code, self.text, self.file, self.line)


def wrong(text: str) -> NoReturn:
    """Raise the error of a wrong argument."""
    raise Error(USAGE, text)
