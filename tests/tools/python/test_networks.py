"""Networks: parameters by name, from files, flat and packed; several outputs; gradients by name.

SPDX-License-Identifier: Apache-2.0
"""

import pickle

import numpy as np
import pytest

import dcngen

LAYERS = """
local x = input { name = "image", channels = 3, height = param("h", 6), width = 7, layout = "nchw" }
local a = conv2d { x, name = "stem.conv", out_channels = 4, kernel_size = 3, padding = 1, bias = true }
local y = linear { a, name = "head", out_features = 5 }
"""
SPEC = (
    LAYERS + 'return network { name = "net", outputs = { map = a, scores = y }, layout = "nchw" }\n'
)
CONV = """
return conv2d { name = "conv", in_channels = 3, out_channels = 4, height = 6, width = 7, kernel_size = 3, padding = 1,
                bias = true }
"""


@pytest.fixture(scope="module")
def kernel():
    return dcngen.load(SPEC)


@pytest.fixture
def weights(kernel):
    rng = np.random.default_rng(1)
    return {p.name: rng.standard_normal(p.shape).astype(np.float32) for p in kernel.parameters}


@pytest.fixture
def image():
    return np.random.default_rng(2).standard_normal((1, 3, 6, 7)).astype(np.float32)


def test_names_and_shapes(kernel):
    assert kernel.names == ("image", "parameters", "map", "scores")
    assert [(p.name, p.shape, p.at) for p in kernel.parameters] == [
        ("stem.conv.weight", (4, 3, 3, 3), 0),
        ("stem.conv.bias", (4,), 108),
        ("head.weight", (5, 4), 112),
    ]
    assert all(p.grad_at == -1 for p in kernel.parameters)
    assert dcngen.load(CONV).parameters == ()


def test_outputs_are_those_of_the_layers(kernel, weights, image):
    out = kernel(image=image, parameters=weights)
    conv = dcngen.load(CONV)(image, weights["stem.conv.weight"], weights["stem.conv.bias"])
    np.testing.assert_allclose(out["map"], conv, rtol=2e-4, atol=5e-5)
    scores = np.einsum("oc,nchw->nohw", weights["head.weight"], conv)
    np.testing.assert_allclose(out["scores"], scores, rtol=2e-4, atol=5e-4)


def test_parameters_in_every_form(kernel, weights, image, tmp_path):
    want = kernel(image, weights)["scores"]
    flat = np.concatenate([weights[p.name].ravel() for p in kernel.parameters])
    np.savez(tmp_path / "w.npz", **weights)
    alike = {name: array.astype(np.float64) for name, array in weights.items()}
    alike["head.weight"] = alike["head.weight"][..., None, None]
    for form in (flat, tmp_path / "w.npz", str(tmp_path / "w.npz"), alike, kernel.pack(weights)):
        np.testing.assert_array_equal(kernel(image, form)["scores"], want)
    for name, array in kernel.split(flat).items():
        np.testing.assert_array_equal(array, weights[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("head.weight"), "parameters: missing: head.weight"),
        (lambda w: w.update(x=1), "parameters: not in the network: x"),
        (
            lambda w: w.update({"head.weight": np.zeros((4, 5))}),
            r"head.weight has shape \(4, 5\), expected \(5, 4\)",
        ),
    ],
)
def test_parameters_that_do_not_fit(kernel, weights, image, change, message):
    change(weights)
    with pytest.raises(dcngen.Error, match=message):
        kernel(image, weights)


def test_a_file_that_does_not_fit(kernel, weights, image, tmp_path):
    del weights["stem.conv.bias"]
    np.savez(tmp_path / "w.npz", **weights)
    with pytest.raises(dcngen.Error, match=r"w\.npz: missing: stem\.conv\.bias"):
        kernel(image, tmp_path / "w.npz")
    with pytest.raises(dcngen.Error, match="no/such"):
        kernel(image, "no/such")


def test_pickled(weights, image):
    kernel = dcngen.load(SPEC, h=6)
    again = pickle.loads(pickle.dumps(kernel))
    np.testing.assert_array_equal(again(image, weights)["map"], kernel(image, weights)["map"])
