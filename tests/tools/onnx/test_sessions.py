"""Options, threads, many sessions, and an ONNX Runtime that is too old.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import os
import threading

import numpy as np
import onnxruntime as ort
import pytest
from conftest import OURS, Layer, agree, taken

import dcngen
import dcngen.onnx

KEY = "ep.dcngenexecutionprovider.threads"


def test_where_the_library_is(monkeypatch):
    path = dcngen.onnx.get_library_path()
    assert os.path.isabs(path)
    assert os.path.exists(path)
    assert dcngen.onnx.get_ep_names() == [OURS]
    monkeypatch.setattr(dcngen.onnx.provider, "LIBRARY", "no.so")
    with pytest.raises(dcngen.Error, match=r"there is no no\.so beside libdcngen in /"):
        dcngen.onnx.get_library_path()


def test_devices():
    dcngen.onnx.register(ort.SessionOptions())
    (device,) = (d for d in ort.get_ep_devices() if d.ep_name == OURS)
    assert device.ep_vendor == "dcngen"


@pytest.mark.parametrize("threads", [1, 3])
def test_threads(threads):
    layer = Layer(size=(2, 8, 20, 21))
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    dcngen.onnx.register(options, threads=threads)
    agree(layer, ort.InferenceSession(layer.model().SerializeToString(), options))


@pytest.mark.parametrize("value", ["many", "-1", "2000", "2 "])
def test_wrong_threads(value):
    layer = Layer()
    options = ort.SessionOptions()
    dcngen.onnx.register(options, threads=1)
    options.add_session_config_entry(KEY, value)
    with pytest.raises(Exception, match=f"option threads = {value}, expected 0 to 1024"):
        ort.InferenceSession(layer.model().SerializeToString(), options)


def test_wrong_arguments():
    with pytest.raises(dcngen.Error, match="threads = -1, expected 0 or more"):
        dcngen.onnx.register(ort.SessionOptions(), threads=-1)
    with pytest.raises(dcngen.Error, match=r"threads = 1\.5, expected an integer"):
        dcngen.onnx.register(ort.SessionOptions(), threads=1.5)


def test_no_threads_are_the_default():
    layer, options = Layer(), ort.SessionOptions()
    options.intra_op_num_threads = 2
    dcngen.onnx.register(options, threads=0)
    session = ort.InferenceSession(layer.model().SerializeToString(), options)
    agree(layer, session)


@pytest.mark.parametrize(
    ("entry", "given", "expected"), [("5", 0, "5"), ("5", 3, "3"), (None, 0, "2"), ("0", 0, "0")]
)
def test_who_says_how_many_threads(entry, given, expected):
    """What is given to register, else the entry that is there, else ONNX Runtime's own number."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    if entry is not None:
        options.add_session_config_entry(KEY, entry)
    dcngen.onnx.register(options, threads=given)
    assert options.get_session_config_entry(KEY) == expected


def test_an_old_package(monkeypatch):
    monkeypatch.setattr(ort, "__version__", "1.23.2")
    with pytest.raises(
        dcngen.Error, match=r"onnxruntime 1\.24 or later is needed, this is 1\.23\.2"
    ):
        dcngen.onnx.register(ort.SessionOptions())


def test_an_old_library():
    """Only what any version has is called: the first function of the first table."""
    texts = []
    make = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p)(
        lambda code, text: texts.append((code, text)) or 1
    )
    table = (ctypes.c_void_p * 1)(ctypes.cast(make, ctypes.c_void_p))
    get_api = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_uint32)(
        lambda version: ctypes.addressof(table) if version <= 22 else 0
    )
    version = ctypes.create_string_buffer(b"1.22.1")
    get_version = ctypes.CFUNCTYPE(ctypes.c_size_t)(lambda: ctypes.addressof(version))
    base = (ctypes.c_void_p * 2)(*(ctypes.cast(f, ctypes.c_void_p) for f in (get_api, get_version)))
    library = ctypes.CDLL(dcngen.onnx.get_library_path())
    n, factory = ctypes.c_size_t(7), ctypes.c_void_p()
    sentence = (1, b"dcngen: ONNX Runtime 1.24 or later is needed, this is 1.22.1")
    assert library.CreateEpFactories(
        b"x", base, None, ctypes.byref(factory), ctypes.c_size_t(1), ctypes.byref(n)
    )
    assert library.RegisterCustomOps(None, base)
    assert texts == [sentence] * 2
    assert n.value == 0


def run_at_once(calls):
    """All calls at the same time, twice each; their results in the order of calls."""
    results, go = [[] for _ in calls], threading.Barrier(len(calls))

    def work(i):
        go.wait()
        for _ in range(2):
            results[i].append(calls[i]())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_runs_at_once():
    """Two sessions run at once, and one session whose kernels are compiled in the first calls."""
    layer = Layer(size=(1, 4, 9, 10), dynamic="nhw")
    theirs, sessions = layer.theirs(), [layer.ours(), layer.ours()]
    feeds = [layer.feeds((n, 4, 9, 10)) for n in (1, 1, 2, 3)]
    calls = [lambda s=s, f=f: s.run(None, f)[0] for f in feeds for s in sessions]
    want = [theirs.run(None, f)[0] for f in feeds for _ in sessions]
    for got, w in zip(run_at_once(calls), want, strict=True):
        assert len(got) == 2
        for array in got:
            np.testing.assert_allclose(array, w, rtol=2e-4, atol=2e-4)


def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_hundred_sessions():
    """With packed weights of a megabyte, so that what stays would show; every other one compiles in a call, if at all."""
    one = {
        "size": (1, 512, 4, 4),
        "out": 512,
        "kernel": (1, 1),
        "pads": (0, 0, 0, 0),
        "bias": False,
    }
    layers = [Layer(**one), Layer(**one, dynamic="h")]
    models, feeds, after = [layer.model() for layer in layers], layers[0].feeds(), []
    want = layers[0].theirs().run(None, feeds)[0]
    for i in range(100):
        session = layers[i % 2].ours(models[i % 2])
        if i % 10 in (8, 9):
            got = session.run(None, feeds)[0]
            np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3)
            assert taken(session) == [(OURS, "DeformConv")]
            del session
            after.append(resident())
    assert after[-1] - after[1] < 20 << 20, after
