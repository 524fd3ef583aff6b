"""A thread keeps the workspace of its calls, as long as it is of use.

SPDX-License-Identifier: Apache-2.0
"""

import threading

import numpy as np
import pytest

import dcngen
from dcngen import _frame

MB = 1 << 20


@pytest.fixture
def frame():
    return _frame.Frame()


def test_it_is_kept_and_grows(frame):
    first = frame.workspace(MB)
    assert first % 64 == 0
    frame.shrink()
    assert frame.workspace(1000) == first == frame.workspace(MB)
    assert frame.workspace(0) is None and frame.workspace(-1) is None
    frame.workspace(2 * MB)
    assert frame._bytes == 2 * MB


def test_what_is_too_large_is_not_kept(frame, monkeypatch):
    monkeypatch.setattr(_frame, "LIMIT", MB)
    frame.workspace(MB + 1)
    frame.shrink()
    assert frame._bytes == 0 and frame._room is None
    frame.workspace(MB)
    frame.shrink()
    assert frame._bytes == MB


def test_what_is_of_no_use_any_more_is_not_kept(frame, monkeypatch):
    monkeypatch.setattr(_frame, "PATIENCE", 3)
    frame.workspace(4 * MB)
    for _ in range(3):
        frame.workspace(MB)
        frame.workspace(MB)
        frame.workspace(3 * MB)  # whoever needs it now and then
    assert frame._bytes == 4 * MB
    for _ in range(4):
        frame.workspace(MB)
    assert frame._bytes == MB


def test_without_memory_the_call_says_so(frame):
    assert frame.workspace(1 << 62) is None
    assert frame.workspace(MB) is not None


def test_clear_cache_frees_it(layer):
    a = layer()

    def run():
        return dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1)

    before = run()
    mine = _frame._per_thread.frame
    others, step = [], threading.Barrier(2)

    def other():
        for _ in range(2):
            run()
            others.append(_frame._per_thread.frame)
            step.wait()
            step.wait()

    thread = threading.Thread(target=other)
    thread.start()
    step.wait()
    dcngen.clear_cache()
    assert _frame._per_thread.frame is None
    step.wait(), step.wait(), step.wait()
    thread.join()
    assert others[0] is not others[1]
    np.testing.assert_array_equal(run(), before)
    assert _frame._per_thread.frame is not mine
