"""Models of one deformable convolution, and sessions of them.

SPDX-License-Identifier: Apache-2.0
"""

from types import SimpleNamespace

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

import dcngen.onnx
from dcngen import _arrays, functions, plans

ELEMENTS = {
    np.float16: TensorProto.FLOAT16,
    np.float32: TensorProto.FLOAT,
    np.float64: TensorProto.DOUBLE,
    np.int64: TensorProto.INT64,
}
CPU = "CPUExecutionProvider"
OURS = dcngen.onnx.get_ep_name()
#: ONNX Runtime 1.24 cannot compute DeformConv itself, and knows providers of others by their devices only.
OLDEST = tuple(map(int, ort.__version__.split(".")[:2])) < (1, 25)
needs_newer = pytest.mark.skipif(OLDEST, reason="ONNX Runtime 1.24 has no DeformConv")


class Layer:
    """A deformable convolution with random operands. ``dynamic`` names the sizes that the model leaves open."""

    def __init__(
        self,
        size=(1, 4, 7, 9),
        out=6,
        kernel=(3, 3),
        stride=(1, 1),
        pads=(1, 1, 1, 1),
        dilation=(1, 1),
        group=1,
        offset_group=1,
        mask=True,
        bias=True,
        dtype=np.float32,
        dynamic="",
        opset=19,
        constant=True,
        defaults=False,
    ):
        self.size, self.dtype, self.dynamic, self.opset = size, dtype, dynamic, opset
        self.kernel, self.stride, self.pads, self.dilation = kernel, stride, pads, dilation
        self.group, self.offset_group, self.constant = group, offset_group, constant
        self.mask, self.defaults, self.out = mask, defaults, out
        self.rng = np.random.default_rng(1)
        self.weight = self.normal(out, size[1] // group, *kernel)
        self.bias = self.normal(out) if bias else None

    def normal(self, *shape):
        return self.rng.normal(size=shape).astype(self.dtype)

    def attributes(self):
        if self.defaults:
            return {}
        return {
            "kernel_shape": self.kernel,
            "strides": self.stride,
            "pads": self.pads,
            "dilations": self.dilation,
            "group": self.group,
            "offset_group": self.offset_group,
        }

    def pixels(self, h, w):
        top, left, bottom, right = self.pads
        return tuple(
            (size + pad - d * (k - 1) - 1) // s + 1
            for size, pad, d, k, s in zip(
                (h, w),
                (top + bottom, left + right),
                self.dilation,
                self.kernel,
                self.stride,
                strict=True,
            )
        )

    def feeds(self, size=None):
        n, c, h, w = size or self.size
        p, q = self.pixels(h, w)
        taps = self.offset_group * self.kernel[0] * self.kernel[1]
        arrays = {"x": self.normal(n, c, h, w), "o": 2 * self.normal(n, 2 * taps, p, q)}
        if self.mask:
            arrays["m"] = self.rng.random((n, taps, p, q)).astype(self.dtype)
        if not self.constant:
            arrays["W"] = self.weight
        return arrays

    def declared(self, name, array):
        open_sizes = {"n": [0], "h": [2], "w": [3]}
        shape = list(array.shape)
        for letter in self.dynamic if name != "W" else "":
            for axis in open_sizes[letter]:
                shape[axis] = f"{letter}{name if axis else ''}"
        return helper.make_tensor_value_info(name, ELEMENTS[self.dtype], shape)

    def node(self):
        inputs = ["x", "W", "o", "B" if self.bias is not None else "", "m" if self.mask else ""]
        while not inputs[-1]:
            inputs.pop()
        return helper.make_node("DeformConv", inputs, ["y"], name="layer", **self.attributes())

    def model(self, nodes=None, domain="", more=()):
        constants = [numpy_helper.from_array(array, name) for name, array in more]
        if self.constant:
            constants.append(numpy_helper.from_array(self.weight, "W"))
        if self.bias is not None:
            constants.append(numpy_helper.from_array(self.bias, "B"))
        graph = helper.make_graph(
            nodes or [self.node()],
            "one",
            [self.declared(name, array) for name, array in self.feeds().items()],
            [helper.make_tensor_value_info("y", ELEMENTS[self.dtype], None)],
            constants,
        )
        opsets = [helper.make_opsetid("", self.opset)]
        if domain:
            opsets.append(helper.make_opsetid(domain, 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def theirs(self):
        """A session with ONNX Runtime's own kernel; where it has none, dcngen without it, which is asked in the same way."""
        if OLDEST:
            return SimpleNamespace(run=lambda _, feeds: [self.computed(feeds)])
        return ort.InferenceSession(self.model().SerializeToString(), providers=[CPU])

    def computed(self, feeds):
        """The output, without ONNX Runtime."""
        arrays = {"input": feeds["x"], "weight": self.weight, "offset": feeds["o"]}
        more = {"bias": self.bias, "mask": feeds.get("m")}
        arrays.update((name, array) for name, array in more.items() if array is not None)
        shapes = {name: array.shape for name, array in arrays.items()}
        a = plans.Convolution(self.stride, self.pads, self.dilation)
        required = (shapes[name] for name in ("input", "weight", "offset"))
        dtype = np.dtype(self.dtype)
        name = "f64" if dtype == _arrays.F64 else "f32"
        plan = plans.deform_conv2d(name, *required, shapes.get("mask"), shapes.get("bias"), a, 0)
        return functions.run(plan, arrays, dtype, None)

    def ours(self, model=None, threads=2, entries=None):
        """A session with dcngen's provider, which knows who took what."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        for key, value in (entries or {}).items():
            options.add_session_config_entry(key, value)
        dcngen.onnx.register(options)
        return ort.InferenceSession((model or self.model()).SerializeToString(), options)


def taken(session):
    """(provider, operator) of all nodes."""
    return [
        (part.ep_name, node.op_type)
        for part in session.get_provider_graph_assignment_info()
        for node in part.get_nodes()
    ]


def close(got, want):
    tolerance = 1e-9 if want.dtype == np.float64 else 2e-4
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def agree(layer, session=None, sizes=(None,)):
    """Our session, after it gave the results of ONNX Runtime's."""
    session, theirs = session or layer.ours(), layer.theirs()
    for size in sizes:
        feeds = layer.feeds(size)
        close(session.run(None, feeds)[0], theirs.run(None, feeds)[0])
    return session


@pytest.fixture(scope="session", autouse=True)
def few_messages():
    ort.set_default_logger_severity(4)
