#!/usr/bin/env python3
"""draw.py: writes the figures of docs/LOWERINGS.md and docs/ARCHITECTURE.md beside itself.

    python3 docs/figures/draw.py            writes every figure
    python3 docs/figures/draw.py --check    says which committed figure is not what would be drawn

SPDX-License-Identifier: Apache-2.0
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.dont_write_bytecode = True  # the folder holds sources and figures only

import module_stages  # noqa: E402
import packed_panels  # noqa: E402
import tiled_loops  # noqa: E402

FIGURES: dict[str, Callable[[], str]] = {
    "tiled-loops.svg": tiled_loops.draw,
    "packed-panels.svg": packed_panels.draw,
    "module-stages.svg": module_stages.draw,
}
FOLDER = Path(__file__).resolve().parent


def is_current(name: str, drawn: str) -> bool:
    path = FOLDER / name
    return path.is_file() and path.read_bytes() == drawn.encode()


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(f"draw.py: expected --check or nothing, got: {' '.join(arguments)}", file=sys.stderr)
        return 2
    drawn = {name: draw() for name, draw in FIGURES.items()}
    if not arguments:
        for name, figure in drawn.items():
            (FOLDER / name).write_bytes(figure.encode())
        return 0
    stale = [f"docs/figures/{name}" for name, figure in drawn.items() if not is_current(name, figure)]
    if stale:
        names = ", ".join(stale)
        print(f"{names}: not what the script draws: run python3 docs/figures/draw.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
