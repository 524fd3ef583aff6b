"""What cannot be converted is one clear error, and nothing is written.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from networks import Builder, Converted, agree

import dcngen
import dcngen.onnx

F = np.float32
SIZE = (1, 4, 9, 11)


def small(make=lambda b: b.conv("x", 4, 3), **how):
    b = Builder()
    return b.model({"x": (F, SIZE)}, [make(b)], **how)


def refused(model, folder, *parts, **how):
    with pytest.raises(dcngen.Error) as caught:
        Converted(model, folder, **how)
    assert caught.value.code == 3
    for part in parts:
        assert part in caught.value.text
    assert not list(folder.iterdir())
    return caught.value.text


def test_all_nodes_are_listed(tmp_path):
    def make(b):
        x = b("Erf", b("Relu", "x"), name="early")
        y = b("Softplus", b.conv(x, 4, 3))
        return b("Add", b("Gelu", "x", approximate="tanh", name="g"), b("LRN", y, size=3, name="n"))

    text = refused(small(make, opset=20), tmp_path, "4 nodes have no counterpart in the language: ")
    assert "#1 'early' Erf (no layer of this type)" in text
    assert "'v3_0' Softplus (" in text and "'g' Gelu (" in text and "'n' LRN (" in text


@pytest.mark.parametrize("model", [None, b"xx", 5, onnx.GraphProto()])
def test_no_model(model, tmp_path):
    kind = type(model).__name__
    with pytest.raises(dcngen.Error, match=f"to_spec: the model is a {kind}, expected an onnx.Mod"):
        dcngen.onnx.to_spec(model, tmp_path / "net.lua", tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


# What a node asks for, and what the error says of it.
NODES = {
    "softmax": (lambda b: b("Softmax", "x", axis=1), "nothing behind it can do it"),
    "rows are cut": (
        lambda b: b("Slice", "x", np.array([0]), np.array([4]), np.array([2])),
        "axis 2 of [1, 4, 9, 11] are not the channels",
    ),
    "weights are computed": (lambda b: b("Conv", "x", b("Relu", "x")), "operand 1 is no constant"),
    "weights do not fit": (
        lambda b: b("Conv", "x", b.normal(3, 5, 3, 3)),
        "weight [3, 5, 3, 3] in 1 groups does not fit a map of 4 channels",
    ),
    "no groups": (lambda b: b("Conv", "x", b.normal(3, 4, 3, 3), group=0), "in 0 groups"),
    "a kernel that is too large": (
        lambda b: b("Conv", "x", b.normal(3, 4, 10, 3)),
        "a kernel of (10, 3) does not fit into 9x11 pixels",
    ),
    "strides of 0": (
        lambda b: b("Conv", "x", b.normal(3, 4, 3, 3), strides=[0, 1]),
        "a size of its window is below 1",
    ),
    "half precision": (
        lambda b: b("Conv", "x", b.normal(3, 4, 3, 3).astype(np.float16)),
        "operand 1 is of float16, the network of float32",
    ),
    "cubic": (
        lambda b: b("Resize", "x", "", np.array([1, 1, 2, 2], F), mode="cubic"),
        "its mode is cubic",
    ),
    "other pixels": (
        lambda b: b("Resize", "x", "", np.array([1, 1, 1.5, 2], F), mode="linear"),
        "it looks at other pixels",
    ),
    "pixels among channels": (
        lambda b: b.conv(b("Reshape", "x", np.array([1, 11, 9, 4])), 11, 3),
        "11 positions are more than one axis",
    ),
    "two sizes": (
        lambda b: b("Concat", "x", b("MaxPool", "x", kernel_shape=[3, 3]), axis=1),
        "which are not the channels of maps of one size",
    ),
    "indices": (
        lambda b: b("Add", *b("MaxPool", "x", kernel_shape=[1, 1], outputs=2)),
        "is read",
    ),
}


@pytest.mark.parametrize("name", NODES)
def test_a_node_without_a_counterpart(name, tmp_path):
    make, why = NODES[name]
    refused(small(make), tmp_path, why)


def test_open_sizes(tmp_path):
    b = Builder()
    model = b.model({"x": (F, SIZE)}, [b.conv("x", 4, 3)], symbolic=(1, 9, 11))
    refused(model, tmp_path, "input 'x' has shape [s1, 4, s9, s11]: give its sizes")
    refused(model, tmp_path, "shape of 'y': the model's inputs are x", shapes={"y": SIZE})
    assert agree(model, {"x": b.normal(*SIZE)}, tmp_path, shapes={"x": SIZE}).layers == ["conv2d"]


def test_an_open_batch_is_one(tmp_path):
    b = Builder()
    model = b.model({"x": (F, SIZE)}, [b.conv("x", 4, 3)], symbolic=(1,))
    agree(model, {"x": b.normal(*SIZE)}, tmp_path)


def test_no_images(tmp_path):
    model = small()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 0
    refused(model, tmp_path, "input 'x' has shape [0, 4, 9, 11]: give its sizes as shape")
    none = {"x": (0, *SIZE[1:])}
    refused(small(), tmp_path, "shape of 'x': [0, 4, 9, 11], expected 1 or more each", shapes=none)


def test_outputs_that_no_network_has(tmp_path):
    model = small()
    model.graph.output[0].CopyFrom(model.graph.input[0])
    refused(model, tmp_path, "output 'x' is an input; nothing is computed")
    del model.graph.output[:]
    refused(model, tmp_path, "the model has no outputs")


def test_constants_of_no_sane_size(tmp_path):
    """What would take terabytes is not evaluated."""

    def make(b):
        huge = b("ConstantOfShape", np.array([1 << 20, 1 << 20]))
        return b("Add", "x", b("ReduceMean", b("Expand", huge, np.array([9, 1 << 20, 1 << 20]))))

    refused(small(make), tmp_path, "ConstantOfShape")


def test_models_that_are_damaged(tmp_path):
    """Whatever a byte says, the answer is a network or that error."""
    whole = small(
        lambda b: b("Relu", b.conv(b("Transpose", "x", perm=[0, 1, 3, 2]), 4, 3))
    ).SerializeToString()
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 3):
            data[at] = rng.integers(0, 256)
        try:
            model = onnx.load_from_string(bytes(data))
        except Exception:  # not even a message
            continue
        try:
            dcngen.onnx.to_spec(model, tmp_path / "a.lua", tmp_path / "a.safetensors")
        except dcngen.Error as error:
            assert "\n" not in error.text


def test_the_command(tmp_path):
    onnx.save(small(), tmp_path / "m.onnx")
    command = [sys.executable, "-m", "dcngen.onnx", "convert", str(tmp_path / "m.onnx")]
    outputs = ["-o", str(tmp_path / "m.lua"), "--weights", str(tmp_path / "m.safetensors")]
    assert subprocess.run([*command, *outputs], check=False).returncode == 0
    text = (tmp_path / "m.lua").read_text()
    assert 'return network { name = "m", outputs = { v0_0 = y } }' in text
    data = (tmp_path / "m.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert length % 8 == 0 and {tuple(v["shape"]) for v in header.values()} == {(3, 4, 3, 3), (3,)}
    command[-1] = str(tmp_path / "none.onnx")
    done = subprocess.run([*command, *outputs], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "none.onnx cannot be read" in done.stderr
