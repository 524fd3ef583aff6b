"""A decoder block as BiRefNet has them, in ONNX Runtime: alone, and with dcngen.

Deformable convolutions of 1x1, 3x3 and 7x7 taps stand side by side; offsets and masks (twice a sigmoid) are convolutions of the
same input. Weights are random.

    PYTHONPATH=python DCNGEN_LIBRARY=build/release/libdcngen.so python examples/onnx/decoder_block.py [SIZE]

needs the packages onnx and onnxruntime (1.25 or later, which has a kernel of its own to compare with).

SPDX-License-Identifier: Apache-2.0
"""

import sys
import time

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

import dcngen.onnx

CHANNELS = 64
KERNELS = (1, 3, 7)


class Block:
    """The nodes of the block and its weights."""

    def __init__(self, rng):
        self.rng, self.nodes, self.weights = rng, [], []

    def weight(self, name, outputs, kernel):
        """He's initialisation, so that values keep their size."""
        shape = (outputs, CHANNELS, kernel, kernel)
        scale = np.sqrt(2 / (CHANNELS * kernel * kernel))
        values = self.rng.normal(scale=scale, size=shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))

    def branch(self, k):
        """x -> branchK."""
        pads = [k // 2] * 4
        for name, outputs in (("offset", 2 * k * k), ("logit", k * k)):
            weight = self.weight(f"{name}_w{k}", outputs, k)
            self.node("Conv", ["x", weight], f"{name}{k}", pads=pads)
        self.node("Sigmoid", [f"logit{k}"], f"half{k}")
        self.node("Add", [f"half{k}", f"half{k}"], f"mask{k}")
        inputs = ["x", self.weight(f"w{k}", CHANNELS, k), f"offset{k}", "", f"mask{k}"]
        self.node("DeformConv", inputs, f"sum{k}", pads=pads)
        self.node("Relu", [f"sum{k}"], f"branch{k}")

    def model(self, size):
        for k in KERNELS:
            self.branch(k)
        self.node("Concat", [f"branch{k}" for k in KERNELS], "y", axis=1)
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, size, size])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "block", [x], [y], self.weights)
        opsets = [helper.make_opsetid("", 19)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def best_time(session, feeds, calls=3):
    """The shortest of some calls in ms, after a first one; and the result."""
    session.run(None, feeds)
    times = []
    for _ in range(calls):
        begin = time.perf_counter()
        (result,) = session.run(None, feeds)
        times.append(time.perf_counter() - begin)
    return 1000 * min(times), result


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    rng = np.random.default_rng(0)
    model = Block(rng).model(size)
    feeds = {"x": rng.normal(size=(1, CHANNELS, size, size)).astype(np.float32)}

    alone = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    options = ort.SessionOptions()
    dcngen.onnx.register(options)
    faster = ort.InferenceSession(model, options)

    ms_alone, want = best_time(alone, feeds)
    ms_faster, got = best_time(faster, feeds)
    difference = np.abs(got - want).max()
    print(f"ONNX Runtime alone   {ms_alone:8.1f} ms")
    print(f"with dcngen          {ms_faster:8.1f} ms")
    print(f"largest difference   {difference:.1e}, of values up to {np.abs(want).max():.1f}")
    if not difference <= 1e-4 * max(1, np.abs(want).max()):
        sys.exit("the results differ")


if __name__ == "__main__":
    main()
