"""What mmcv and mmdeploy export.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import onnxruntime as ort
import pytest
from conftest import CPU, OURS, Layer, close, taken
from onnx import helper

import dcngen
import dcngen.onnx


def exported(layer, domain, name, padding):
    modulated = "Modulated" in name
    inputs = [
        "x",
        "o",
        *(["m"] if modulated else []),
        "W",
        *(["B"] if layer.bias is not None else []),
    ]
    node = helper.make_node(
        name,
        inputs,
        ["y"],
        domain=domain,
        name="layer",
        stride=layer.stride,
        padding=padding,
        dilation=layer.dilation,
        groups=layer.group,
        **{"deform_groups" if domain == "mmcv" else "deformable_groups": layer.offset_group},
    )
    return layer.model([node], domain)


CASES = [
    ("mmcv", "MMCVModulatedDeformConv2d", {}, (2, 1)),
    ("mmdeploy", "MMCVModulatedDeformConv2d", {"bias": False, "dynamic": "hw"}, (2, 1)),
    ("mmcv", "MMCVDeformConv2d", {"bias": False, "mask": False}, (2, 1)),
    ("mmdeploy", "MMCVDeformConv2d", {"bias": False, "mask": False}, (2, 2, 1, 1)),
]


@pytest.mark.parametrize(("domain", "name", "how", "padding"), CASES)
def test_the_provider_takes_them(domain, name, how, padding):
    layer = Layer(pads=(2, 1, 2, 1), group=2, offset_group=2, stride=(1, 2), **how)
    session, feeds = layer.ours(exported(layer, domain, name, padding)), layer.feeds()
    assert taken(session) == [(OURS, name)]
    close(session.run(None, feeds)[0], layer.theirs().run(None, feeds)[0])


@pytest.mark.parametrize(("domain", "name", "how", "padding"), CASES[::3])
def test_custom_operators_without_the_provider(domain, name, how, padding):
    layer = Layer(pads=(2, 1, 2, 1), offset_group=2, **how)
    options = ort.SessionOptions()
    options.register_custom_ops_library(dcngen.onnx.get_library_path())
    model = exported(layer, domain, name, padding)
    session, feeds = ort.InferenceSession(model.SerializeToString(), options), layer.feeds()
    assert session.get_providers() == [CPU]
    close(session.run(None, feeds)[0], layer.theirs().run(None, feeds)[0])


@pytest.mark.parametrize("how", ["provider", "custom operator"])
@pytest.mark.parametrize("remove_center", [None, 0, 1])
def test_dcnv3(how, remove_center):
    """As InternImage exports it; maps are nhwc."""
    layer, (n, h, w, c), group = Layer(), (1, 9, 11, 8), 4
    p, q = h // 2 + 1, w
    points = 9 - (remove_center or 0)
    feeds = {
        "x": layer.normal(n, h, w, c),
        "o": layer.normal(n, p, q, 2 * group * points),
        "m": layer.rng.random((n, p, q, group * points), np.float32),
    }
    attributes = {
        "kernel_h": 3,
        "kernel_w": 3,
        "stride_h": 2,
        "stride_w": 1,
        "pad_h": 1,
        "pad_w": 2,
    }
    attributes |= {"dilation_h": 1, "dilation_w": 2, "group": group, "group_channels": c // group}
    attributes |= {"offset_scale": 1.5, "im2col_step": 256}
    if remove_center is not None:
        attributes["remove_center"] = remove_center
    node = helper.make_node("TRTDCNv3", list(feeds), ["y"], domain="mmdeploy", **attributes)
    infos = [helper.make_tensor_value_info(name, 1, a.shape) for name, a in feeds.items()]
    graph = helper.make_graph([node], "one", infos, [helper.make_tensor_value_info("y", 1, None)])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mmdeploy", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    if how == "provider":
        session = layer.ours(model)
        assert taken(session) == [(OURS, "TRTDCNv3")]
    else:
        options = ort.SessionOptions()
        options.register_custom_ops_library(dcngen.onnx.get_library_path())
        session = ort.InferenceSession(model.SerializeToString(), options)
    want = dcngen.dcnv3(
        *feeds.values(),
        group,
        stride=(2, 1),
        padding=(1, 2),
        dilation=(1, 2),
        offset_scale=1.5,
        remove_center=bool(remove_center),
    )
    close(session.run(None, feeds)[0], want)


def test_no_weight_at_all():
    layer = Layer(bias=False, mask=False, constant=False)
    model = exported(layer, "mmcv", "MMCVDeformConv2d", (1, 1))
    declared = next(i for i in model.graph.input if i.name == "W")
    declared.type.tensor_type.shape.dim[0].dim_param = "filters"
    with pytest.raises(Exception, match="the model does not tell the shape of the weight"):
        layer.ours(model)


def test_double_precision_is_refused():
    layer = Layer(dtype=np.float64)
    model = exported(layer, "mmcv", "MMCVModulatedDeformConv2d", (1, 1))
    with pytest.raises(Exception, match=r"tensor\(double\)"):
        layer.ours(model)
