"""What tests of Python share.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import dcngen

SOURCE = Path(os.environ["SOURCE_DIR"])


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture(autouse=True)
def nothing_is_kept():
    """From the test before; of torch, where it is used, the random numbers are always the same."""
    dcngen.clear_cache()
    if "dcngen.torch" in sys.modules:
        sys.modules["torch"].manual_seed(7)
        sys.modules["dcngen.torch.log"].clear()


@pytest.fixture
def layer(rng):
    """A small DCNv2 layer: groups and offset groups that cross."""

    def arrays(n=2, h=7, w=9, dtype=np.float32):
        def normal(*shape):
            return rng.normal(size=shape).astype(dtype)

        return SimpleNamespace(
            input=normal(n, 8, h, w),
            weight=normal(6, 4, 3, 3),
            bias=normal(6),
            offset=normal(n, 2 * 4 * 9, h, w),
            mask=normal(n, 4 * 9, h, w),
        )

    return arrays


@pytest.fixture
def golden():
    """Numbers of other implementations."""

    def load(name):
        folder = SOURCE / "tests/golden" / name
        case = json.loads((folder / "case.json").read_text())
        arrays = {
            key: np.load(folder / entry["file"])
            for kind in ("inputs", "outputs", "grads")
            for key, entry in case[kind].items()
        }
        return SimpleNamespace(params=case["params"], tolerance=case["tolerance"], **arrays)

    return load
