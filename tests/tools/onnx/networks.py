"""Small models, made in a few words, and the same as networks.

SPDX-License-Identifier: Apache-2.0
"""

import re

import numpy as np
import onnxruntime as ort
from conftest import CPU, ELEMENTS
from onnx import helper, numpy_helper

import dcngen
import dcngen.onnx

CONSTRUCTORS = set(
    re.findall(
        r"\w+",
        """conv2d linear deform_conv2d dcnv3 dcnv4 roi_pool roi_align deform_roi_pool deform_ps_roi_pool
        max_pool2d avg_pool2d add mul concat slice resize layer_norm activation""",
    )
)


class Builder:
    """Nodes one after another: ``b("Relu", x)`` gives the name of its result; arrays become constants."""

    def __init__(self, seed=0):
        self.nodes, self.constants = [], []
        self.rng = np.random.default_rng(seed)
        self.dtype = np.float32

    def normal(self, *shape):
        return self.rng.normal(size=shape).astype(self.dtype)

    def name(self, operand, wanted=None):
        if isinstance(operand, str):
            return operand
        name = wanted or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(operand), name))
        return name

    def __call__(self, op, *operands, outputs=1, domain="", name="", **attributes):
        inputs = [self.name(operand) for operand in operands]
        made = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        node = helper.make_node(op, inputs, made, name=name, domain=domain, **attributes)
        self.nodes.append(node)
        return made[0] if outputs == 1 else made

    def conv(self, x, channels, out, kernel=3, bias=True, **attributes):
        scale = self.dtype((channels * kernel * kernel) ** -0.5)
        operands = [x, scale * self.normal(out, channels, kernel, kernel)]
        if bias:
            operands.append(self.normal(out))
        return self("Conv", *operands, **{"pads": [kernel // 2] * 4, **attributes})

    def model(self, inputs, outputs, opset=19, domains=(), symbolic=()):
        """Inputs are shapes by name; sizes whose numbers are in `symbolic` are left open."""
        infos = []
        for name, (dtype, shape) in inputs.items():
            said = [f"s{n}" if n in symbolic else n for n in shape]
            infos.append(helper.make_tensor_value_info(name, ELEMENTS[dtype], said))
        kind = ELEMENTS[self.dtype]
        graph = helper.make_graph(
            self.nodes,
            "small",
            infos,
            [helper.make_tensor_value_info(name, kind, None) for name in outputs],
            self.constants,
        )
        opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


class Converted:
    """A model as a network, compiled."""

    def __init__(self, model, folder, **how):
        self.path, self.weights = folder / "net.lua", folder / "net.safetensors"
        dcngen.onnx.to_spec(model, self.path, self.weights, **how)
        self.text = self.path.read_text()
        self.kernel = dcngen.Kernel(self.path, threads=1)

    @property
    def layers(self):
        """The constructors in the text, without inputs and network."""
        return [word for word in re.findall(r"(\w+) \{", self.text) if word in CONSTRUCTORS]

    def run(self, feeds):
        """The outputs by name."""
        given = dict(feeds)
        if self.kernel.parameters:
            given["parameters"] = self.kernel.pack(self.weights)
        made = self.kernel(**given)
        return made if isinstance(made, dict) else {"output": made}


def theirs(model, feeds):
    """What ONNX Runtime computes, by name."""
    session = ort.InferenceSession(model.SerializeToString(), providers=[CPU])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def agree(model, feeds, folder, want=None, **how):
    """The network of a model, after it gave ONNX Runtime's results, or those."""
    converted = Converted(model, folder, **how)
    want = theirs(model, feeds) if want is None else want
    got = converted.run({name: feeds[name] for name in converted.kernel.names if name in feeds})
    for name, x in want.items():
        y = got[name] if name in got else next(iter(got.values()))
        assert y.size == x.size
        scale = np.abs(x).max()
        tolerance = (1e-12 if x.dtype == np.float64 else 2e-5) * max(1, scale)
        np.testing.assert_allclose(y.reshape(x.shape), x, rtol=0, atol=tolerance)
    return converted
