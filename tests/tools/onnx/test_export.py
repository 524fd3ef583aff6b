"""Models that torch.onnx.export wrote (write_exported.py): what is in them, and what ONNX Runtime makes of them.

SPDX-License-Identifier: Apache-2.0
"""

import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

import dcngen.onnx

MODELS = sorted(Path(os.environ["EXPORTED"]).glob("*.onnx"))


def results(model, arrays):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    dcngen.onnx.register(options)
    session = ort.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {i.name: arrays[i.name] for i in session.get_inputs()})[0]


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_exported(path):
    model = onnx.load(path)
    arrays = np.load(path.with_name(path.stem.rpartition(", ")[0] + ".npz"))
    how = path.stem.rpartition(", ")[2]
    ops = {node.op_type for node in model.graph.node}
    if how in ("14", "17"):
        assert ops & {"MMCVModulatedDeformConv2d", "MMCVDeformConv2d"}
    else:
        assert "DeformConv" in ops
        onnx.checker.check_model(model)
    np.testing.assert_allclose(results(model, arrays), arrays["y"], rtol=1e-4, atol=1e-4)
    new = dcngen.onnx.rewrite(model)
    assert "DeformConv" in {node.op_type for node in new.graph.node}
    np.testing.assert_allclose(results(new, arrays), arrays["y"], rtol=1e-4, atol=1e-4)


def test_there_are_models():
    assert len(MODELS) >= 8
