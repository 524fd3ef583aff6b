"""Packed weights that functions keep are never stale.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import pytest

import dcngen
from dcngen import packing


@pytest.fixture
def call(layer):
    a = layer()
    return a.weight, lambda w: dcngen.deform_conv2d(a.input, a.offset, w, padding=1)


def test_a_weight_that_stands_still_is_kept(call):
    weight, run = call
    first = run(weight)
    assert packing.kept_bytes() == 0
    np.testing.assert_array_equal(run(weight), first)
    kept = packing.kept_bytes()
    assert kept > 0
    run(weight)
    assert packing.kept_bytes() == kept
    dcngen.clear_cache()
    assert packing.kept_bytes() == 0


@pytest.mark.parametrize("change", ["one number", "signs", "two rows", "back"])
def test_what_is_written_to_is_packed_again(call, change):
    weight, run = call
    for _ in range(3):
        before = run(weight)
    old = weight.copy()
    if change == "one number":
        weight[3, 2, 1, 0] += 1
    elif change == "signs":
        np.negative(weight, out=weight)
    else:
        weight[[0, 1]] = weight[[1, 0]]
    fresh = run(weight.copy())
    assert not np.array_equal(fresh, before)
    for _ in range(3):
        np.testing.assert_array_equal(run(weight), fresh)
    if change == "back":
        weight[...] = old
        np.testing.assert_array_equal(run(weight), before)


def test_the_address_of_another_weight(call):
    weight, run = call
    room = weight.copy()
    for i in range(4):
        room[...] = weight * i
        for _ in range(3):
            np.testing.assert_array_equal(run(room), run(weight * i))


def test_there_is_a_limit(call, monkeypatch):
    weight, run = call
    run(weight), run(weight)
    one = packing.kept_bytes()
    monkeypatch.setattr(packing, "LIMIT", 3 * one)
    for i in range(2, 8):
        other = weight * i
        run(other), run(other)
    assert packing.kept_bytes() == 3 * one
