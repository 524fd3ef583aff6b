"""readme.py README.md FIRST.lua: the blocks of Python in a page run as they stand, with their operands declared.

A block that imports what is not installed is named. What works is that of the dcngen that this Python finds.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import importlib.util
import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

page, spec = Path(sys.argv[1]).read_text(), Path(sys.argv[2]).resolve()
blocks = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
assert len(blocks) > 1, "the page has no Python"


def numbers(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


operands = {
    "x": numbers(1, 64, 56, 56),
    "weight": numbers(64, 64, 3, 3),
    "offset": numbers(1, 18, 56, 56),
    "mask": numbers(1, 9, 56, 56),
}
with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    shutil.copy(spec, "first.lua")
    for block in blocks:
        missing = [
            name
            for name in ("torch", "torchvision", "onnxruntime")
            if name in block and not importlib.util.find_spec(name)
        ]
        if missing:
            print(f"not tried: {block.splitlines()[0]} ({', '.join(missing)} is not installed)")
            continue
        exec(compile(block, "README.md", "exec"), dict(operands))
        print(f"ok: {block.splitlines()[0]}")
