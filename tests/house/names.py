"""names.py: what the pages name exists: paths, functions, macros, sections of SEMANTICS.md.

    names.py TREE

In every page a path that begins with a folder of the tree, and a name with a public prefix; in the pages about the
code itself every path and every name that is spelt like one of C.  Only what stands between backquotes counts, and
nothing within fenced code.  In comments the files of C that they cite.  The rule is first tried on a page that breaks it.
SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import re
import subprocess
import sys

ABOUT_CODE = {"ARCHITECTURE.md", "CONVENTIONS.md", "GLOSSARY.md", "LOWERINGS.md"}
# Spelt as names are, and none: how names are made.
EXAMPLES = {"CamelCase", "dcn_lower_case", "emit_X", "call_X", "x_new", "x_free", "x_open", "x_close", "x_get"}
SELF = "tests/house/names.py"  # has names that are nowhere else
MADE = {"build"}  # folders that no commit holds
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:c|h|py|sh|bash|cmake)")
NAME = re.compile(r"[A-Za-z]\w*_\w+|[A-Z][a-z]\w*[A-Z]\w*")
PUBLIC = re.compile(r"(?:dcn|DCN|DCNGEN)_\w+")
SECTION = re.compile(r"SEMANTICS(?:\.md)?,? (\d+(?:\.\d+)?)(?: to (\d+(?:\.\d+)?))?")


def tracked(tree: pathlib.Path) -> list[str]:
    """Files of the tree, where git knows them; else all that are there, but for what is built."""
    git = subprocess.run(["git", "ls-files"], cwd=tree, capture_output=True, text=True, check=False)
    if git.returncode == 0:
        return [name for name in git.stdout.splitlines() if (tree / name).exists()]
    found = (str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    return [name for name in found if name.split("/")[0] not in MADE and not name.startswith(".")]


class Tree:
    """Paths of the project, and the words of its sources."""

    def __init__(self, root: pathlib.Path) -> None:
        self.files = tracked(root)
        self.ends = set()  # every end of every path
        for name in self.files:
            parts = name.split("/")
            for last in range(1, len(parts) + 1):
                self.ends |= {"/".join(parts[first:last]) for first in range(last)}
        self.top = {name.split("/")[0] for name in self.files if "/" in name}
        self.words: set[str] = set()
        for name in self.files:
            if re.search(r"\.(?:[ch]|py|sh|bash|lua|cmake|txt|map|in)$", name) and name != SELF:
                text = (root / name).read_text(errors="replace")
                self.words |= set(re.findall(r"[A-Za-z_]\w*", text))
        text = (root / "docs/SEMANTICS.md").read_text()
        self.sections = set(re.findall(r"^#+ (\d+(?:\.\d+)?)", text, re.M))

    def lacks(self, token: str, about_code: bool) -> bool:
        """Whether a token between backquotes names something that is not there."""
        token = token.rstrip("/.")
        if re.search(r"[/ ]?[A-Z]{2,}\.", token) and "/" in token:
            return False  # share/tuned/CPU.jsonl: a word in capitals stands for another
        if PATH.fullmatch(token):
            first = token.split("/")[0]
            return (first in self.top or about_code) and first not in MADE and token not in self.ends
        if token in EXAMPLES or token.endswith("_"):
            return False
        spelt = (NAME if about_code else PUBLIC).fullmatch(token)
        return spelt is not None and token not in self.words


def quoted(text: str) -> list[str]:
    """Tokens between backquotes, outside of fenced code."""
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", text)
    return [token for span in spans for token in re.split(r"[\s,;:()=|…]+", span) if token]


def complaints(tree: Tree, page: str, text: str) -> list[str]:
    """What a page names in vain."""
    about_code = page.split("/")[-1] in ABOUT_CODE
    return [f"{page}: there is no {token}" for token in quoted(text) if tree.lacks(token, about_code)]


def sources(tree: Tree, name: str, text: str) -> list[str]:
    """Files of C that comments cite in vain."""
    comments = re.findall(r"/\*.*?\*/", text, re.S)
    cited = {file for c in comments for file in re.findall(r"(?<![\w./<*-])\w[\w/]*\.c\b", c)}
    return [f"{name}: there is no {file}" for file in sorted(cited) if file not in tree.ends]


def sections(tree: Tree, name: str, text: str) -> list[str]:
    """Sections that a file cites in vain."""
    cited = [number for found in SECTION.findall(text) for number in found if number]
    return [f"{name}: SEMANTICS.md has no {n}" for n in cited if n not in tree.sections]


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    tree = Tree(root)
    page = "`runtime/nothing.c` `docs/none.md` `dcn_nothing` `EMIT_NOTHING` `SomeNothing` `tiled/none.c`"
    caught = complaints(tree, "docs/CONVENTIONS.md", page) + sections(tree, "a.h", "SEMANTICS 1.1 to 99.9")
    caught += sources(tree, "a.h", "/* SEMANTICS: see gone/away.c, names.c */")
    if len(caught) != 8:
        print("names.py: not all was caught:", *caught, sep="\n")
        return 1
    bad: list[str] = []
    for name in tree.files:
        if re.search(r"\.(?:[ch]|py|lua|md)$", name) and not name.startswith("tests/house/"):
            text = (root / name).read_text(errors="replace")
            bad += sections(tree, name, text)
            if name.endswith((".c", ".h")):
                bad += sources(tree, name, text)
            if name.endswith(".md") and name != "examples/README.md":  # whose kernels have any name
                bad += complaints(tree, name, text)
    print(*bad, sep="\n", end="\n" if bad else "")
    print(f"{len(tree.files)} files, {len(tree.words)} words")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
