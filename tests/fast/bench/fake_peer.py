"""fake_peer.py PEER DIR THREADS: stands in for the peers of the comparison; each fails in its way.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import signal
import struct
import sys
import time

NAME, DIR, THREADS = sys.argv[1:]


def say(**answer):
    print(json.dumps(answer), flush=True)


def spoil(value, family="deform"):
    """A write that puts value in place of the last number of the right output."""
    def write(path):
        with open(os.path.join(DIR, family + ".npy"), "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(data[:-4] + struct.pack("<f", value))
    return write


def right(family):
    return lambda path: shutil.copy(os.path.join(DIR, family + ".npy"), path)


def other_shape(path):
    shutil.copy(os.path.join(DIR, "input.npy"), path)


def vanish():
    sys.exit(3)


def nap():
    time.sleep(0.02)
    return 2e7


def serve(write, run=nap):
    say(ready=True, version="1.2.3", note="fake")
    for line in sys.stdin:
        verb, _, rest = line.strip().partition(" ")
        if verb == "write":
            write(rest)
            say()
        else:
            ns = nap() if verb == "first" else run()
            say(**({"first_ns": ns, "rss_bytes": 5000000} if verb == "first" else {"ns": ns}))


BEHAVIOUR = {
    "torchvision": lambda: say(missing="No module named 'torchvision'"),
    "openvino": lambda: serve(spoil(1e3)),
    "onnxruntime": lambda: serve(spoil(float("nan"))),
    "onednn": lambda: serve(right("plain"), vanish),
    "onednn_nhwc": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "openblas": lambda: say(error="no such core"),
    "openblas_nhwc": lambda: serve(other_shape),
    "torch": lambda: serve(right("plain")),
    "torch_core": lambda: serve(right("core")),
    "onnxruntime_core": lambda: serve(spoil(1e3, "core")),
    "torch_core4": lambda: serve(right("core4")),
    "onnxruntime_core4": lambda: serve(right("core4")),
    "torchvision_align": lambda: serve(right("align")),
    "onnxruntime_align": lambda: serve(other_shape),
    "dcngen_numpy": lambda: serve(right("deform")),
    "dcngen_torch": lambda: serve(spoil(1e3)),
    "dcngen_torch_op": lambda: say(missing="No module named 'torch'"),
    "dcngen_onnxruntime": lambda: say(missing="No module named 'onnxruntime'"),
    "dcngen_torch_backward": lambda: serve(right("deform")),
    "torchvision_backward": lambda: serve(spoil(1e3)),
}
BEHAVIOUR[NAME]()
