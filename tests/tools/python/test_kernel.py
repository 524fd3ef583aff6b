"""Kernels of specs: loading, calling, gradients, errors.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import pickle
import threading

import numpy as np
import pytest

import dcngen

SPEC = """
local l = { name = "one", in_channels = 8, out_channels = 6, groups = 2, offset_groups = 4, batch = 2,
            height = param("h", 7), width = 9, kernel_size = 3, padding = 1, modulation = "mask",
            bias = true, dtype = "f64" }
return deform_conv2d(l)
"""
GRADIENT = SPEC.replace(
    "return deform_conv2d(l)", 'return gradient(deform_conv2d(l), {"input", "weight", "bias"})'
)


@pytest.fixture
def operands(layer):
    return vars(layer(dtype=np.float64))


@pytest.fixture(scope="module")
def kernel():
    return dcngen.load(SPEC)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def test_by_name_by_position_and_packed(kernel, operands):
    assert kernel.names == ("input", "weight", "bias", "offset", "mask", "output")
    assert kernel.tensors[5] == ("output", "out", np.float64, (2, 6, 7, 9))
    by_name = kernel(**operands)
    by_position = kernel(*(operands[name] for name in kernel.names[:-1]))
    packed = kernel.pack(operands["weight"])
    np.testing.assert_array_equal(by_name, by_position)
    np.testing.assert_array_equal(by_name, kernel(**{**operands, "weight": packed}))
    close(by_name, dcngen.deform_conv2d(padding=1, **operands))


def test_out_is_what_is_written(kernel, operands):
    out = np.empty((2, 6, 7, 9))
    assert kernel(**operands, out=out) is out
    np.testing.assert_array_equal(out, kernel(**operands, threads=1))


def test_whatever_is_an_array(kernel, operands):
    class Exporter:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, *args, **kwargs):
            return self.array.__dlpack__()

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    want = kernel(**operands)
    strided = {k: np.asfortranarray(v) for k, v in operands.items()}
    lists = {k: v.tolist() for k, v in operands.items()}
    exported = {k: Exporter(v) for k, v in operands.items()}
    for given in (strided, lists, exported):
        np.testing.assert_array_equal(want, kernel(**given))


def test_params(operands):
    assert dcngen.load(SPEC, h=5).tensors[0].shape == (2, 8, 5, 9)
    dynamic = dcngen.load(SPEC, h="dynamic")
    assert dynamic.tensors[0].shape == (2, 8, -1, 9)
    close(dynamic(**operands), dcngen.deform_conv2d(padding=1, **operands))


def test_files_and_several_kernels(tmp_path):
    path = tmp_path / "two.lua"
    path.write_text(
        "local c = { in_channels = 4, out_channels = 4, height = 5, width = 5, kernel_size = 1 }\n"
        'c.name = "a"\nlocal a = conv2d(c)\nc.name = "b"\nreturn { a, conv2d(c) }\n'
    )
    kernels = dcngen.load_all(path)
    assert list(kernels) == ["a", "b"]
    assert dcngen.Kernel(str(path), name="b").spec == kernels["b"].spec
    with pytest.raises(dcngen.Error, match="the spec has 2 kernels, name one of them: a, b"):
        dcngen.load(path)


def test_gradients(operands, rng):
    kernel = dcngen.load(GRADIENT)
    grad_output = rng.normal(size=(2, 6, 7, 9))
    operands.pop("bias")
    every = kernel(**operands, grad_output=grad_output)
    assert set(every) == {"grad_input", "grad_weight", "grad_bias"}
    close(every["grad_bias"], grad_output.sum((0, 2, 3)))
    one = kernel(**operands, grad_output=grad_output, want=["grad_weight"])
    assert set(one) == {"grad_weight"}
    np.testing.assert_array_equal(one["grad_weight"], every["grad_weight"])
    sums = {"grad_bias": np.ones(6), "grad_input": np.ones((2, 8, 7, 9))}
    kernel(**operands, grad_output=grad_output, out=sums, want=list(sums), accumulate=["grad_bias"])
    close(sums["grad_bias"], every["grad_bias"] + 1)
    np.testing.assert_array_equal(sums["grad_input"], every["grad_input"])


def test_sizes_that_no_operand_tells(operands, rng):
    text = SPEC.replace("return deform_conv2d(l)", 'return gradient(deform_conv2d(l), { "input" })')
    kernel = dcngen.load(text, h="dynamic")
    assert "input" not in kernel.names
    reads = {k: operands[k] for k in ("weight", "offset", "mask")}
    reads["grad_output"] = rng.normal(size=(2, 6, 7, 9))
    got = kernel(**reads, sizes={"height": 7})["grad_input"]
    room = {"grad_input": np.empty((2, 8, 7, 9))}
    np.testing.assert_array_equal(kernel(**reads, out=room)["grad_input"], got)
    with pytest.raises(dcngen.Error, match="'height' = 0"):
        kernel(**reads)


def test_many_threads_at_once(kernel, operands):
    want, got = kernel(**operands), []
    threads = [threading.Thread(target=lambda: got.append(kernel(**operands))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(got) == 8
    for array in got:
        np.testing.assert_array_equal(array, want)


def test_copies(kernel, operands):
    assert copy.deepcopy(kernel) is kernel
    again = pickle.loads(pickle.dumps(kernel))
    assert again.spec == kernel.spec
    np.testing.assert_array_equal(again(**operands), kernel(**operands))


def test_explain(kernel):
    text = kernel.explain()
    assert 'deform_conv2d { name = "one"' in text
    assert f"schedule: {kernel.schedule}" in text
    assert "guessed" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"input": np.zeros((2, 8, 7, 8))},
            r"input has shape \(2, 8, 7, 8\), expected \(2, 8, 7, 9\)",
        ),
        ({"bias": None}, "missing: bias"),
        ({"maks": np.zeros(1)}, "operand 'maks' is none of input, weight, bias, offset, mask"),
        (
            {"out": np.zeros((2, 6, 7, 9), np.float32)},
            "output has shape .* float32, expected .* float64",
        ),
        ({"out": np.zeros((2, 6, 9, 7)).transpose(0, 1, 3, 2)}, "output is not contiguous"),
        ({"sizes": {"depth": 3}}, "'depth' is none of batch, height, width, rois"),
        ({"want": ["grad_input"]}, "'grad_input' is no output"),
        ({"accumulate": ["output"]}, "'output' is not in out"),
        ({"threads": -1}, "threads = -1 is outside"),
    ],
)
def test_wrong_calls(kernel, operands, change, message):
    given = {k: v for k, v in {**operands, **change}.items() if v is not None}
    with pytest.raises(dcngen.Error, match=message) as caught:
        kernel(**given)
    assert caught.value.code == 2


def test_weights_of_another_kernel(kernel, operands):
    other = dcngen.load(SPEC)
    with pytest.raises(dcngen.Error, match="packed for another kernel"):
        kernel(**{**operands, "weight": other.pack(operands["weight"])})


@pytest.mark.parametrize("spec", [5, None, ["layer.lua"]])
def test_what_is_neither_a_path_nor_text(spec):
    with pytest.raises(
        dcngen.Error, match=f"the spec is a {type(spec).__name__}, expected a path or text"
    ):
        dcngen.load(spec)


def test_errors_say_where(tmp_path):
    path = tmp_path / "wrong.lua"
    path.write_text("return conv2d {\n  in_channels = 4,\n  out_chanels = 4,\n}\n")
    with pytest.raises(dcngen.Error) as caught:
        dcngen.load(path)
    assert (caught.value.code, caught.value.line) == (3, 3)
    assert caught.value.file == str(path)
    assert "out_channels" in caught.value.text
    assert pickle.loads(pickle.dumps(caught.value)).line == 3


def test_a_wrong_schedule_has_its_line():
    text = SPEC.replace('dtype = "f64" }', 'dtype = "f64",\n schedule = "tiled mr=77" }')
    with pytest.raises(dcngen.Error, match="schedule") as caught:
        dcngen.load(text)
    assert (caught.value.code, caught.value.line) == (3, 6)  # of the call
