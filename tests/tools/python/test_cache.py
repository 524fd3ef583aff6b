"""Kernels are compiled once for each shape, then for all of them.

SPDX-License-Identifier: Apache-2.0
"""

import os
import signal
import threading
import warnings

import numpy as np

import dcngen
from dcngen import cache, packing


def compiled():
    return [family.count() for family in cache._families.values()]


def call(a):
    return dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1, mask=a.mask)


def test_the_third_size_is_dynamic(layer):
    for h in (7, 8, 7):
        call(layer(h=h))
    assert compiled() == [2]
    for h in (9, 10, 11):
        a = layer(h=h)
        double = type(a)(**{k: v.astype(float) for k, v in vars(a).items()})
        np.testing.assert_allclose(call(a), call(double), rtol=1e-3, atol=1e-4)
    f32 = next(f for f in cache._families.values() if f.attributes["dtype"] == "f32")
    assert f32.count() == 3
    patterns = [pattern for pattern, threads in f32._slots]
    assert patterns == [(2, 7, 9, 0), (2, 8, 9, 0), (2, None, 9, 0)]
    call(layer(h=7))  # the first sizes keep the kernels of their own
    assert f32.count() == 3


def test_attributes_have_kernels_of_their_own(layer):
    a = layer()
    call(a)
    dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1)
    assert compiled() == [1, 1]


def test_first_calls_at_once_compile_once(layer, monkeypatch):
    made, go = [], threading.Barrier(6)
    kernel = cache.Kernel

    def counted(*args, **kwargs):
        made.append(args)
        return kernel(*args, **kwargs)

    monkeypatch.setattr(cache, "Kernel", counted)
    a, results = layer(), []

    def first_call():
        go.wait()
        results.append(call(a))

    threads = [threading.Thread(target=first_call) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(made) == 1
    assert len(results) == 6
    assert all(np.array_equal(r, results[0]) for r in results)


def test_a_failed_compilation_is_tried_again(layer, monkeypatch):
    a = layer()

    def broken(*args, **kwargs):
        raise dcngen.Error(4, "no memory")

    monkeypatch.setattr(cache, "Kernel", broken)
    for _ in range(2):
        try:
            call(a)
        except dcngen.Error as error:
            assert error.text == "no memory"
    monkeypatch.undo()
    assert call(a).shape == (2, 6, 7, 9)


def works_in_a_child(function):
    """Whether it returns within 20 s in a forked child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks of many threads
        child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)
            function()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def test_a_fork_while_another_thread_compiles(layer, monkeypatch):
    begun, go_on, kernel, parent = threading.Event(), threading.Event(), cache.Kernel, os.getpid()

    def slow(*args, **kwargs):
        if os.getpid() == parent:
            begun.set()
            go_on.wait()
        return kernel(*args, **kwargs)

    monkeypatch.setattr(cache, "Kernel", slow)
    a = layer()
    other = threading.Thread(target=call, args=(a,))
    other.start()
    begun.wait()
    worked = works_in_a_child(lambda: call(a))
    go_on.set()
    other.join()
    assert worked


def test_a_fork_while_other_threads_hold_the_locks(layer):
    a = layer()
    call(a)
    (family,) = cache._families.values()
    with cache._lock, family._lock, packing._lock:

        def all_anew():
            call(a)
            call(layer(h=8))
            dcngen.clear_cache()
            call(a)

        assert works_in_a_child(all_anew)
