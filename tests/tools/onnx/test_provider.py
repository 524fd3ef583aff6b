"""What the provider takes, and that its results are those of ONNX Runtime's own kernel.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import onnxruntime as ort
import pytest
from conftest import CPU, OURS, Layer, agree, close, needs_newer, taken
from onnx import helper
from onnx.reference import ReferenceEvaluator

import dcngen.onnx

LAYERS = {
    "plain": {"mask": False, "bias": False},
    "defaults": {"pads": (0, 0, 0, 0), "mask": False, "defaults": True},
    "groups that cross": {"size": (2, 12, 7, 9), "group": 3, "offset_group": 2, "opset": 22},
    "no bias": {"bias": False, "kernel": (1, 5), "pads": (0, 2, 0, 2)},
    "uneven": {"stride": (2, 1), "pads": (0, 1, 2, 3), "dilation": (1, 2), "dtype": np.float64},
}


@pytest.mark.parametrize("name", LAYERS)
def test_results(name):
    session = agree(Layer(**LAYERS[name]))
    assert taken(session) == [(OURS, "DeformConv")]


def test_results_of_the_standard():
    layer = Layer(group=2, offset_group=2, stride=(2, 2))
    feeds = layer.feeds()
    want = ReferenceEvaluator(layer.model()).run(None, feeds)[0]
    close(layer.ours().run(None, feeds)[0], want)


def test_sizes_that_the_model_leaves_open():
    layer = Layer(dynamic="nhw", opset=22)
    sizes = [(n, 4, 5 + n, 9) for n in (1, 2, 1, 3, 4, 5)] + [(3, 4, 9, 8), (1, 4, 1, 1)]
    session = agree(layer, sizes=sizes)
    assert taken(session) == [(OURS, "DeformConv")]
    assert session.run(None, layer.feeds((0, 4, 6, 6)))[0].shape == (0, 6, 6, 6)


def test_weights_that_are_computed():
    layer = Layer(constant=False)
    session = agree(layer)
    layer.weight = -layer.weight
    agree(layer, session)
    assert taken(session) == [(OURS, "DeformConv")]


def test_an_offset_group_that_an_exporter_lost():
    layer = Layer(offset_group=2)
    feeds, lost = layer.feeds(), layer.model()
    kept = [a for a in lost.graph.node[0].attribute if a.name != "offset_group"]
    del lost.graph.node[0].attribute[:]
    lost.graph.node[0].attribute.extend(kept)
    close(layer.ours(lost).run(None, feeds)[0], layer.theirs().run(None, feeds)[0])


@needs_newer
def test_by_name():
    layer = Layer()
    dcngen.onnx.register(ort.SessionOptions())
    session = ort.InferenceSession(layer.model().SerializeToString(), providers=[OURS, CPU])
    assert session.get_providers() == [OURS, CPU]
    agree(layer, session)


@needs_newer
def test_half_precision_is_left_to_others():
    layer = Layer(dtype=np.float16)
    session, feeds = layer.ours(), layer.feeds()
    assert {op: provider for provider, op in taken(session)}["DeformConv"] == CPU
    np.testing.assert_array_equal(session.run(None, feeds)[0], layer.theirs().run(None, feeds)[0])


@needs_newer
def test_weights_of_unknown_shape_are_left_to_others():
    layer = Layer(constant=False)
    model = layer.model()
    declared = next(i for i in model.graph.input if i.name == "W")
    declared.type.tensor_type.shape.dim[0].dim_param = "filters"
    session, feeds = layer.ours(model), layer.feeds()
    assert taken(session) == [(CPU, "DeformConv")]
    close(session.run(None, feeds)[0], layer.theirs().run(None, feeds)[0])


@needs_newer
def test_one_dimension_is_left_to_others():
    node = helper.make_node("DeformConv", ["x", "W", "o"], ["y"], name="layer")
    infos = [
        helper.make_tensor_value_info(name, 1, shape)
        for name, shape in (("x", [1, 4, 9]), ("W", [4, 4, 3]), ("o", [1, 3, 7]))
    ]
    graph = helper.make_graph([node], "one", infos, [helper.make_tensor_value_info("y", 1, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=10)
    assert taken(Layer().ours(model)) == [(CPU, "DeformConv")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"o": (1, 18, 6, 9)}, "layer: offset has shape 1 x 18 x 6 x 9, expected 1 x 18 x 7 x 9"),
        ({"m": (1, 9, 7, 8)}, "layer: mask has shape 1 x 9 x 7 x 8, expected 1 x 9 x 7 x 9"),
        ({"x": (1, 5, 7, 9)}, "layer: input has shape 1 x 5 x 7 x 9, expected 1 x 4 x 7 x 9"),
        ({"x": (1, 4, 0, 9)}, "layer: 'height' = 0 is outside 1"),
    ],
)
def test_wrong_shapes(change, message):
    layer = Layer()
    model = layer.model()
    for value in model.graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"{value.name}{axis}"
    feeds = {**layer.feeds(), **{k: np.zeros(s, np.float32) for k, s in change.items()}}
    with pytest.raises(Exception, match=message):
        layer.ours(model).run(None, feeds)


def test_a_kernel_shape_that_is_not_the_weights():
    node = helper.make_node("DeformConv", ["x", "W", "o"], ["y"], kernel_shape=[3, 4])
    model = Layer().model([node])
    with pytest.raises(Exception, match="kernel_shape"):
        Layer().ours(model)


def test_what_are_no_options():
    with pytest.raises(
        dcngen.Error, match=r"the options are a str, expected onnxruntime\.SessionOptions"
    ):
        dcngen.onnx.register("model.onnx")
