"""Models with DeformConv in OpenVINO: the results are those of ONNX Runtime.

SPDX-License-Identifier: Apache-2.0
"""

import sys

import pytest
from conftest import Layer, close
from onnx import helper

import dcngen

ov = pytest.importorskip("openvino")

import dcngen.openvino  # noqa: E402  needs none by itself

LAYERS = {
    "plain": {"mask": False, "bias": False},
    "all operands": {"group": 2, "offset_group": 2},
    "no bias": {"bias": False, "kernel": (1, 5), "pads": (0, 2, 0, 2)},
    "no mask": {"mask": False, "stride": (2, 1), "dilation": (1, 2)},
    "defaults": {"pads": (0, 0, 0, 0), "mask": False, "defaults": True, "opset": 22},
}


def compiled(model):
    core = ov.Core()
    dcngen.openvino.register(core)
    read = core.read_model(model.SerializeToString(), b"")
    # f32 throughout, as ONNX Runtime has it
    return core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


@pytest.mark.parametrize("name", LAYERS)
def test_results(name):
    layer = Layer(**LAYERS[name])
    feeds, model = layer.feeds(), compiled(layer.model())
    want = layer.theirs().run(None, feeds)[0]
    for _ in range(3):
        close(model(feeds)[0], want)


def test_sizes_that_the_model_leaves_open():
    layer = Layer(dynamic="nhw")
    model, theirs = compiled(layer.model()), layer.theirs()
    for size in ((1, 4, 7, 9), (2, 4, 5, 6), (3, 4, 8, 6), (1, 4, 1, 1)):
        feeds = layer.feeds(size)
        close(model(feeds)[0], theirs.run(None, feeds)[0])


def test_wrong_operands_are_an_error():
    layer = Layer(dynamic="nhw")
    model = compiled(layer.model())
    feeds = layer.feeds()
    feeds["o"] = feeds["o"][:, :, :-1]
    with pytest.raises(Exception, match="offset has shape"):
        model(feeds)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel_shape": [3, 2]}, "kernel_shape = .3, 2., and that of the weight is .3, 3."),
        ({"group": 2}, "group = 2, input has 4 channels and weight 4"),
        ({"offset_group": 2}, "offset_group = 2, expected an offset of 36 channels, it has 18"),
        ({"pads": [1, 1]}, "pads"),
        ({"strides": [1]}, "strides"),
    ],
)
def test_attributes_that_the_operands_are_not_of(change, message):
    layer = Layer()
    model = layer.model()
    (node,) = model.graph.node
    kept = [a for a in node.attribute if a.name not in change]
    del node.attribute[:]
    node.attribute.extend(kept + [helper.make_attribute(k, v) for k, v in change.items()])
    with pytest.raises(Exception, match=message):
        compiled(model)(layer.feeds())


def test_several_cores():
    layer = Layer()
    feeds, want = layer.feeds(), layer.theirs().run(None, layer.feeds())[0].shape
    for _ in range(5):
        assert compiled(layer.model())(feeds)[0].shape == want


def test_without_openvino(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(dcngen.Error, match="openvino cannot be imported"):
        dcngen.openvino.register(None)


def test_what_is_no_core():
    with pytest.raises(dcngen.Error, match=r"the core is a int, expected an openvino\.Core"):
        dcngen.openvino.register(5)
