"""functions.py: how long functions are, and how many parameters they take.

    functions.py FILE.c ...

Half of all have fewer than 10 lines, none more than 40, those of tests 60, and at most six parameters besides `err`.
Not counted are functions that ONNX Runtime calls, whose parameters are its own.
SPDX-License-Identifier: Apache-2.0
"""

import re
import statistics
import sys
from collections.abc import Iterator

MEDIAN, LINES, LINES_OF_TESTS, PARAMETERS = 10, 40, 60, 6


def functions(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Line of the opening brace, lines within, and what is declared before."""
    start = None
    for at, line in enumerate(lines):
        if line == "{":
            start = at
        elif line.startswith("}") and start is not None:
            first = start
            while first > 0 and not re.search(r"^$|[;}]$|\*/$|^#", lines[first - 1]):
                first -= 1
            yield start + 1, at - start - 1, " ".join(lines[first:start])
            start = None


def parameters(head: str) -> int:
    """How many a function declares, without `err`."""
    inside, depth, n = re.sub(r"^[^(]*\((.*)\)[^)]*$", r"\1", head), 0, 1
    for letter in inside:
        depth += (letter == "(") - (letter == ")")
        n += letter == "," and depth == 0
    return n - inside.endswith("dcn_error *err") - inside.endswith("...")


def main() -> int:
    bad, lengths = [], []
    for name in sys.argv[1:]:
        most = LINES_OF_TESTS if name.startswith("tests/") else LINES
        with open(name) as file:
            lines = file.read().split("\n")
        for at, length, head in functions(lines):
            if most == LINES:
                lengths.append(length)
            if length > most:
                bad.append(f"{name}:{at}: function of {length} lines, at most {most}")
            if parameters(head) > PARAMETERS and not name.startswith("onnxruntime/"):
                bad.append(f"{name}:{at}: {parameters(head)} parameters, at most {PARAMETERS}")
    if statistics.median(lengths) >= MEDIAN:
        bad.append(f"half of {len(lengths)} functions have {statistics.median(lengths)} lines or more")
    print(*bad, sep="\n", end="\n" if bad else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
