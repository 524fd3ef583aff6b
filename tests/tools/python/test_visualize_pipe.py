"""Models that another program runs: what dcngen visualize asks, and what it says to answers that cannot be.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess

import numpy as np
import pytest

from dcngen import program

SIZE = 6
SPEC = (
    "return deform_conv2d { in_channels = 2, out_channels = 2, kernel_size = 3, padding = 1, "
    "batch = 1, height = 6, width = 6 }"
)
LAYER = {"name": "dcn", "spec": SPEC, "below": -1}


class Linear:
    """f is a matrix times the image. It says that a deformable layer samples somewhere, which nothing depends on."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.matrix = rng.normal(size=(4, SIZE * SIZE))
        self.image = rng.normal(size=SIZE * SIZE)
        self.asked = []

    def model(self, question, values):
        assert question["protocol"] == 1
        return {"network": "linear", "image": [1, SIZE, SIZE]}, self.image

    def layer(self, question, values):
        self.asked.append(values)
        return {"shape": [1, SIZE, SIZE, 4], "last": 0, "layers": [LAYER]}, None

    def forward(self, question, values):
        assert question["layer"] == "top" and question["node"] == [0, 3, 2]
        return {}, self.matrix @ values

    def backward(self, question, values):
        return {}, values @ self.matrix

    def places(self, question, values):
        assert question["number"] == 0
        return {}, np.zeros((SIZE, SIZE, 18))

    def probe(self, question, values):
        return {}, self.matrix @ self.image


def converse(model, folder, *options, text=None):
    """The program's exit code, and what it said at the end."""
    command = [program.find(), "visualize", "pipe:", "-o", folder, "--node=top:3,2", *options]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1) as running:
        while line := running.stdout.readline():
            question = json.loads(line)
            values = np.frombuffer(running.stdout.read(8 * question["values"]))
            if question["ask"] == "failed":
                running.wait()
                return running.returncode, question["text"]
            answer, data = getattr(model, question["ask"])(question, values)
            if isinstance(answer, bytes):
                running.stdin.write(answer)
                running.stdin.close()
                continue
            data = b"" if data is None else np.asarray(data).tobytes()
            answer = {"values": len(data) // 8} | answer
            running.stdin.write(json.dumps(answer).encode() + b"\n" + data)
            running.stdin.flush()
        return running.wait(), running.stderr.read().decode()


def test_figures_are_those_of_the_model(tmp_path):
    model = Linear()
    status, said = converse(model, tmp_path, "--show=receptive-field,points,offsets,saliency")
    assert (status, said) == (0, "")
    f = model.matrix @ model.image
    gradient = np.load(tmp_path / "top-3-2.receptive-field.gradient.npy")[..., 0]
    np.testing.assert_allclose(gradient.ravel(), f / np.linalg.norm(f) @ model.matrix, rtol=1e-12)
    root = json.loads((tmp_path / "visualize.json").read_text())
    assert root["network"] == "linear" and root["size"] == [SIZE, SIZE] and root["image"] == ""
    shown = {s["method"]: s for s in root["nodes"][0]["shown"]}
    assert shown["points"]["figures"]["points"] == 9
    assert shown["saliency"]["checks"][0]["passed"]
    assert all((model.image == image).all() for image in model.asked)


def test_a_field_that_is_wrong_is_found(tmp_path):
    model = Linear()
    model.backward = lambda question, values: ({}, values @ model.matrix * 1.001)
    status, said = converse(model, tmp_path, "--show=receptive-field")
    assert status == 1 and said == "1 check failed; visualize.json says which"


@pytest.mark.parametrize(
    ("ask", "answer", "data", "expected"),
    [
        ("model", b"", None, "no answer from whoever runs the model"),
        ("model", b"nothing\n", None, "no answer from whoever runs the model"),
        ("model", b"[1]\n", None, "the model's answer is no object"),
        ("model", {"error": "it is broken"}, None, "the model: it is broken"),
        ("model", {"network": 3}, None, 'the model\'s answer: "network" is not a text'),
        (
            "model",
            {"network": "n", "image": [1, 0, 6]},
            None,
            'the model\'s answer: "image" is not a list of as many numbers as there must be',
        ),
        (
            "model",
            {"network": "n", "image": [1, 99999, 6]},
            None,
            "the model's image is 99999x6; a picture has at most 16384 pixels a side and 67108864 in all",
        ),
        (
            "model",
            {"network": "n", "image": [2, 6, 6]},
            None,
            "the model gives no image, and has none of --image and one or three channels",
        ),
        (
            "model",
            {"network": "n", "image": [1, 6, 6]},
            np.zeros(35),
            "the model's answer has 35 values, and 36 are needed",
        ),
        (
            "model",
            b'{"network":"n","image":[1,6,6],"values":36}\n123',
            None,
            "the model's answer ends too early",
        ),
        ("forward", {}, np.zeros(3), "the model's answer has 3 values, and 4 are needed"),
        ("forward", {"values": -1}, None, "the model's answer has -1 values, and 4 are needed"),
    ],
)
def test_answers_that_cannot_be(tmp_path, ask, answer, data, expected):
    model = Linear()
    setattr(model, ask, lambda question, values: (answer, data))
    status, said = converse(model, tmp_path / "out", "--show=receptive-field")
    assert said == expected and status in (1, 2)
    assert not list(tmp_path.rglob("*.png"))


def changed(key, value):
    return [{**LAYER, key: value}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"shape": [1, 6, 6]}, '"shape" is not a list of as many numbers as there must be'),
        ({"shape": [1, 1 << 20, 1 << 20, 1]}, "'top' or the image is empty, or too large"),
        (
            {"shape": [1, 2, 2, 4]},
            "'top' makes a map of 2x2, which has no 3,2",
        ),
        ({"last": 1}, "'top': number 1 is no deformable layer"),
        ({"layers": [3]}, '"spec" is not a text'),
        ({"layers": changed("name", "../x")}, "'../x' is no name of a layer"),
        ({"layers": changed("name", "x" * 200)}, "is no name of a layer"),
        ({"layers": changed("below", 0)}, "layer 'dcn': number 0 is no layer before it"),
        ({"layers": [LAYER, LAYER]}, "two deformable layers are called 'dcn'"),
        ({"layers": changed("spec", "return 3")}, "a spec returns one kernel"),
        ({"layers": changed("spec", "while true do end")}, "an endless loop"),
        ({"layers": changed("spec", SPEC.replace("batch = 1", "batch = dynamic"))}, "known sizes"),
        ({"layers": changed("spec", SPEC.replace("deform_conv2d", "conv2d"))}, "no operand says"),
        ({"layers": changed("spec", SPEC.replace("= 6", "= 4000"))}, "too large"),
    ],
)
def test_layers_that_cannot_be(tmp_path, change, expected):
    model = Linear()
    answer = {"shape": [1, SIZE, SIZE, 4], "last": 0, "layers": [LAYER], **change}
    model.layer = lambda question, values: (answer, None)
    status, said = converse(model, tmp_path / "out", "--show=points")
    assert expected in said and status in (1, 2, 3)
    assert not list(tmp_path.rglob("*.png"))


def test_options_that_are_of_files(tmp_path):
    for option in ("--kernel=n", "--weights=w", "--threads=2", "--json"):
        status, said = converse(Linear(), tmp_path, "--show=points", option)
        name = option.partition("=")[0]
        assert (status, said) == (2, f"{name} is not of pipe:, a network that another program runs")


def test_the_program_is_named(monkeypatch):
    monkeypatch.setenv("DCNGEN_PROGRAM", "/nonexistent/dcngen")
    with pytest.raises(Exception, match="DCNGEN_PROGRAM=/nonexistent/dcngen is no program"):
        program.find()
    monkeypatch.delenv("DCNGEN_PROGRAM")
    monkeypatch.delenv("DCNGEN_LIBRARY")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Exception, match="there is no program dcngen in PATH"):
        program.find()
