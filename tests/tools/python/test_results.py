"""Memory of results is used again when nobody holds it, and not before.

SPDX-License-Identifier: Apache-2.0
"""

import gc
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import dcngen
from dcngen import _arrays, _blocks
from dcngen._blocks import LEAST, Blocks

SHAPE = (LEAST // 4 + 8,)
SIZE = 4 * SHAPE[0]


def new(shape=SHAPE):
    return _arrays.new(shape, np.dtype(np.float32))


def address(array):
    return array.__array_interface__["data"][0]


def test_what_is_dead_is_used_again():
    first = new()
    place = address(first)
    assert place % 64 == 0
    del first
    second = new()
    assert address(second) == place
    assert second.flags.writeable and second.flags.c_contiguous and second.base is not None


HOLDERS = {
    "itself": lambda a: a,
    "view": lambda a: a[3:5],
    "view of a view": lambda a: a[2:].reshape(2, -1)[1],
    "memoryview": memoryview,
    "DLPack": np.from_dlpack,
    "capsule": lambda a: a.__dlpack__(),
    "iterator": iter,
    "owner": lambda a: a.base,
    "object": lambda a: type(
        "Holder", (), {"__array_interface__": a.__array_interface__, "a": a}
    )(),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_is_held_is_never_given_out(holder):
    first = new()
    first[:] = 7
    place, held = address(first), HOLDERS[holder](first)
    del first
    others = [new() for _ in range(3)]
    for other in others:
        other[:] = -1
    assert place not in map(address, others)
    del held, others
    gc.collect()
    assert place in map(address, [new() for _ in range(4)])


def test_other_sizes_and_small_ones_have_their_own():
    first = new()
    place = address(first)
    del first
    assert address(new((SHAPE[0] + 1,))) != place
    assert new((LEAST // 4 - 1,)).base is None


def test_results_of_calls_hold_what_they_held(layer):
    a = layer(n=2, h=64, w=64)

    def run(x):
        return dcngen.deform_conv2d(x, a.offset, a.weight, padding=1)

    first = run(a.input)
    assert first.nbytes >= LEAST
    before = first.copy()
    second = run(-a.input)
    np.testing.assert_array_equal(first, before)
    place = address(second)
    del second
    third = run(a.input)
    assert address(third) == place
    np.testing.assert_array_equal(third, before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(third)), before)


def test_the_bound_is_kept(monkeypatch):
    monkeypatch.setattr(_blocks, "LIMIT", 3 * SIZE)
    pool = _arrays._blocks_of_results
    kept = [new() for _ in range(8)]
    assert 0 < pool.bytes <= 3 * SIZE
    new((4 * SHAPE[0],))  # too large to be kept
    assert pool.bytes <= 3 * SIZE
    places = set(map(address, kept))
    del kept
    again = [new() for _ in range(8)]
    assert len(set(map(address, again))) == 8
    assert len(places) == 8


def test_a_bound_of_nothing(monkeypatch):
    monkeypatch.setattr(_blocks, "LIMIT", 0)
    assert new().base is None
    assert _arrays._blocks_of_results.bytes == 0


def test_what_was_not_asked_for_in_a_long_time_goes(monkeypatch):
    monkeypatch.setattr(_blocks, "PATIENCE", 5)
    pool = _arrays._blocks_of_results
    new()
    for _ in range(7):
        new((2 * SHAPE[0],))
    assert pool.bytes == 2 * SIZE
    dcngen.clear_cache()
    assert pool.bytes == 0


def test_many_of_one_size():
    kept = [new() for _ in range(_blocks.EACH + 5)]
    assert len(set(map(address, kept))) == len(kept)
    assert _arrays._blocks_of_results.bytes <= _blocks.EACH * SIZE


def test_threads_never_share_one():
    failures = []

    def work(mark):
        for _ in range(300):
            mine = new()
            mine[::97] = mark
            if not (mine[::97] == mark).all():
                failures.append(mark)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def test_a_child_has_its_own_and_no_lock_is_held():
    held = new()
    held[:] = 1
    pool = _arrays._blocks_of_results
    with pool._lock:  # as another thread might at that moment
        child = os.fork()
        if child == 0:
            others = [new() for _ in range(3)]
            for other in others:
                other[:] = 2
            os._exit(0 if (held == 1).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert (held == 1).all()


def test_memory_that_is_short_is_first_taken_from_what_is_kept():
    sizes = []

    def make(size):
        sizes.append(size)
        if len(sizes) == 1:
            raise MemoryError
        return np.empty(size, np.uint8)

    kept = new()
    del kept
    assert Blocks(make).take(SIZE).nbytes == SIZE
    assert sizes == [SIZE, SIZE] and _arrays._blocks_of_results.bytes == 0


def test_what_is_not_fit_any_more_is_dropped():
    fit = [True]
    pool = Blocks(lambda size: np.empty(size, np.uint8), fit=lambda block, size: fit[0])
    place = address(pool.take(SIZE))
    assert address(pool.take(SIZE)) == place and pool.bytes == SIZE
    fit[0] = False
    first = pool.take(SIZE)
    assert pool.bytes == SIZE
    owned = Blocks(lambda size: np.empty(size, np.uint8), owned=lambda block: True)
    assert address(owned.take(SIZE)) != address(first)
    owned.take(SIZE)
    assert owned.bytes == 2 * SIZE


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0", 0), ("1.5", 3 << 19), ("", 256 << 20), ("-1", None), ("many", None), ("nan", None)],
)
def test_the_variable(value, expected):
    code = "import dcngen._blocks as b; print(b.LIMIT)"
    env = {**os.environ, "DCNGEN_RESULTS_MIB": value}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    if expected is None:
        assert f"DCNGEN_RESULTS_MIB = '{value}', expected how many MiB" in ran.stderr
    else:
        assert int(ran.stdout) == expected
