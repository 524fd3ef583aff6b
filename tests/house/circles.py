"""circles.py: no files call each other in a circle, but for the recursions that are named.

    circles.py OBJECT_FOLDER ... --sources TREE --allowed FILE

Reads the symbols of compiled objects (nm): a file depends on another if it uses a function or a table
that the other defines.  Objects whose source is no longer in the tree are left out.  FILE holds the
recursions that are meant: a line with "Recursion through" and a file between backquotes, without which
there would be none.  One that no longer exists is an error as well.
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import pathlib
import re
import subprocess
import sys

Graph = dict[str, set[str]]


def symbols(objects: list[pathlib.Path], kind: str) -> dict[pathlib.Path, set[str]]:
    """Names that each object defines ("--defined-only") or needs ("--undefined-only")."""
    text = subprocess.run(
        ["nm", "-A", "-g", "-P", kind, *map(str, objects)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[pathlib.Path, set[str]] = {path: set() for path in objects}
    for line in text.splitlines():
        path, name = line.split()[:2]
        found[pathlib.Path(path.rstrip(":"))].add(name)
    return found


def source(path: pathlib.Path, folder: pathlib.Path) -> str:
    """codegen/ir/emit.c of .../dcngen_objects.dir/codegen/ir/emit.c.o"""
    return str(path.relative_to(folder).with_suffix(""))


def dependencies(folders: list[pathlib.Path], tree: pathlib.Path) -> Graph:
    """Which file uses which others, over all objects of the folders."""
    name_of = {
        path: source(path, folder)
        for folder in folders
        for path in sorted(folder.rglob("*.c.o"))
        if (tree / source(path, folder)).exists()
    }
    objects = list(name_of)
    if not objects:
        sys.exit(f"circles.py: no objects in {', '.join(map(str, folders))}")
    defined = symbols(objects, "--defined-only")
    owner = {name: name_of[path] for path in objects for name in defined[path]}
    needs = symbols(objects, "--undefined-only")
    return {
        name_of[path]: {owner[name] for name in needs[path] if name in owner} - {name_of[path]}
        for path in objects
    }


def circles(graph: Graph) -> list[list[str]]:
    """Strongly connected components of more than one file (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser(description="find files that call each other in a circle")
    parser.add_argument("folder", nargs="+", type=pathlib.Path)
    parser.add_argument("--sources", required=True, type=pathlib.Path)
    parser.add_argument("--allowed", required=True, type=pathlib.Path)
    options = parser.parse_args()
    allowed = set(re.findall(r"Recursion through `([^`]+\.c)`", options.allowed.read_text()))
    graph = dependencies(options.folder, options.sources)
    recursive = {file for circle in circles(graph) for file in circle}
    rest = {file: needs - allowed for file, needs in graph.items() if file not in allowed}
    bad = circles(rest)
    for circle in bad:
        print(f"a circle that {options.allowed.name} does not name:", " ".join(circle))
    for file in sorted(allowed - recursive):
        print("named as a recursion, but in no circle:", file)
    return 1 if bad or allowed - recursive else 0


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    sys.exit(main())
