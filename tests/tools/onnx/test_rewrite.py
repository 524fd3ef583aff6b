"""Other spellings of deformable convolutions become DeformConv, and only those.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import onnxruntime as ort
import pytest
from conftest import CPU, OURS, Layer, close, taken
from decompose import Decomposition
from onnx import helper
from test_custom import CASES, exported

import dcngen
import dcngen.onnx

LAYERS = {
    "plain": {"mask": False, "bias": False},
    "no padding": {"pads": (0, 0, 0, 0), "bias": False, "opset": 12},
    "all": {
        "size": (2, 8, 9, 10),
        "kernel": (3, 2),
        "stride": (1, 2),
        "pads": (1, 2, 1, 2),
        "dilation": (2, 1),
        "group": 2,
        "offset_group": 2,
        "opset": 17,
    },
    "one pixel, one tap": {"size": (1, 4, 1, 1), "kernel": (1, 1), "pads": (0, 0, 0, 0)},
}


def theirs(model):
    return ort.InferenceSession(model.SerializeToString(), providers=[CPU])


def operators(model):
    return [node.op_type for node in model.graph.node if node.op_type != "Constant"]


def decomposed(layer, gather="GatherND", **how):
    parts = Decomposition(layer, gather, **how).b
    return layer.model(parts.nodes, more=parts.constants)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("gather", ["GatherND", "GatherElements"])
def test_decomposed(name, gather):
    layer = Layer(**LAYERS[name])
    model = decomposed(layer, gather)
    before, feeds = model.SerializeToString(), layer.feeds()
    new = dcngen.onnx.rewrite(model)
    assert operators(new) == ["DeformConv"]
    assert model.SerializeToString() == before
    close(theirs(new).run(None, feeds)[0], theirs(model).run(None, feeds)[0])


@pytest.mark.parametrize("ir_version", [3, 10])
def test_constants_that_are_inputs_too(ir_version):
    layer = Layer(opset=12)
    model, feeds = decomposed(layer), layer.feeds()
    model.ir_version = ir_version
    for tensor in model.graph.initializer:
        info = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        model.graph.input.append(info)
    want = theirs(model).run(None, feeds)[0]
    new = dcngen.onnx.rewrite(model)
    assert operators(new) == ["DeformConv"]
    held = {tensor.name for tensor in new.graph.initializer}
    assert {value.name for value in new.graph.input} == {*feeds, *held}
    close(theirs(new).run(None, feeds)[0], want)


def test_two_layers_of_a_network():
    layer = Layer(size=(1, 4, 6, 6), out=4, bias=False)
    first = Decomposition(layer, "GatherND", ("a", "o", "m", "b")).b
    second = Decomposition(layer, "GatherND", ("c", "o", "m", "d")).b
    ends = [
        helper.make_node(op, inputs, [output])
        for op, inputs, output in (
            ("Relu", ["x"], "a"),
            ("Relu", ["b"], "c"),
            ("Add", ["d", "b"], "y"),
        )
    ]
    nodes = [ends[0], *first.nodes, ends[1], *second.nodes, ends[2]]
    model = layer.model(nodes, more=first.constants + second.constants)
    new = dcngen.onnx.rewrite(model)
    assert operators(new) == ["Relu", "DeformConv", "Relu", "DeformConv", "Add"]
    assert len(new.graph.initializer) == 2
    feeds, session = layer.feeds(), layer.ours(new)
    close(session.run(None, feeds)[0], theirs(model).run(None, feeds)[0])
    assert taken(session).count((OURS, "DeformConv")) == 2


def test_what_only_looks_alike_stays():
    model = decomposed(Layer(), swapped=True)
    assert dcngen.onnx.rewrite(model) is model


def test_nothing_to_do():
    for model in (Layer().model(), Layer(offset_group=2).model()):
        assert dcngen.onnx.rewrite(model) is model


def test_an_opset_that_cannot_be_reached():
    model = decomposed(Layer(opset=12))
    model.graph.node.append(helper.make_node("Nonsense", ["y"], ["z"], name="other"))
    with pytest.raises(dcngen.Error, match="operators of version 12 cannot be brought to 19"):
        dcngen.onnx.rewrite(model)


@pytest.mark.parametrize(("domain", "name", "how", "padding"), CASES)
def test_mmcv(domain, name, how, padding):
    layer = Layer(pads=(2, 1, 2, 1), group=2, offset_group=2, stride=(1, 2), **how)
    new, feeds = dcngen.onnx.rewrite(exported(layer, domain, name, padding)), layer.feeds()
    assert operators(new) == ["DeformConv"]
    close(theirs(new).run(None, feeds)[0], layer.theirs().run(None, feeds)[0])


def test_an_offset_group_that_an_exporter_lost():
    layer = Layer(offset_group=2)
    lost = layer.model()
    kept = [a for a in lost.graph.node[0].attribute if a.name != "offset_group"]
    del lost.graph.node[0].attribute[:]
    lost.graph.node[0].attribute.extend(kept)
    feeds, new = layer.feeds(), dcngen.onnx.rewrite(lost)
    np.testing.assert_array_equal(
        theirs(new).run(None, feeds)[0], layer.theirs().run(None, feeds)[0]
    )


def test_what_is_no_model():
    with pytest.raises(dcngen.Error, match=r"the model is a str, expected an onnx\.ModelProto"):
        dcngen.onnx.rewrite("model.onnx")
