"""Attributes and arrays of any kind are taken as what they are, or refused by name.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import pytest

import dcngen
from dcngen.specs import value_text

SPEC = """return deform_conv2d { name = "k", dtype = "f32", batch = 1, height = 5, width = 5,
    in_channels = 2, out_channels = 2, kernel_size = 3, padding = 1 }"""


@pytest.fixture
def dcnv3(rng):
    def call(**attributes):
        x = rng.normal(size=(1, 5, 5, 4)).astype("f")
        offset, mask = np.zeros((1, 5, 5, 36), "f"), np.ones((1, 5, 5, 18), "f")
        return dcngen.dcnv3(x, offset, mask, **{"groups": 2, **attributes})

    return call


def regions(boxes, images=1, dtype="f", **attributes):
    x = np.arange(images * 50, dtype=dtype).reshape(images, 2, 5, 5)
    return dcngen.roi_align(x, boxes, **{"output_size": 2, **attributes})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        (np.float32(0.25), "0.25"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        ((np.int32(1), np.int32(2)), "{ 1, 2 }"),
    ],
)
def test_scalars_of_numpy_in_specs(value, text):
    assert value_text(value, "key") == text


def test_scalars_of_numpy(layer, dcnv3):
    a = layer()
    for one in (np.int64(1), np.array(1), (np.int32(1), np.int8(1)), np.array([1, 1])):
        got = dcngen.deform_conv2d(a.input, a.offset, a.weight, stride=one, padding=one)
        assert got.shape == (2, 6, 7, 9)
    got = dcnv3(groups=np.int64(2), offset_scale=np.float64(2), remove_center=np.bool_(False))
    assert got.shape == (1, 5, 5, 4)
    rows = np.array([[0, 0, 0, 4, 4]], "f")
    scales = {"spatial_scale": np.float32(1), "sampling_ratio": np.int16(2), "aligned": np.True_}
    assert regions(rows, **scales).shape == (1, 2, 2, 2)


@pytest.mark.parametrize("value", [None, "2", 1.5, np.float64(1), (1, "2"), (), ((1,), 2)])
def test_what_is_no_integer_or_two(layer, value):
    a = layer()
    with pytest.raises(dcngen.Error, match=r"stride = .*, expected an integer or two"):
        dcngen.deform_conv2d(a.input, a.offset, a.weight, stride=value, padding=1)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"stride": 0}, r"stride = \(0, 0\), expected 1 or more"),
        ({"dilation": (1, 0)}, r"dilation = \(1, 0\), expected 1 or more"),
        ({"padding": -1}, r"padding = \(-1, -1\), expected 0 or more"),
        ({"kernel_size": 0}, r"kernel_size = \(0, 0\), expected 1 or more"),
        ({"groups": 1.5}, r"groups = 1\.5, expected an integer"),
        ({"groups": None}, "groups = None, expected an integer"),
        ({"groups": 0}, "groups = 0, expected 1 or more"),
        ({"offset_scale": np.nan}, "offset_scale = nan, expected a finite number"),
        ({"offset_scale": None}, "offset_scale = None, expected a finite number"),
        ({"offset_scale": "2"}, "offset_scale = '2', expected a finite number"),
        ({"remove_center": None}, "remove_center = None, expected True or False"),
        ({"softmax": 2}, "softmax = 2, expected True or False"),
    ],
)
def test_wrong_attributes(dcnv3, attributes, message):
    with pytest.raises(dcngen.Error, match=message):
        dcnv3(**attributes)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"spatial_scale": np.inf}, "spatial_scale = inf, expected a finite number"),
        ({"sampling_ratio": 1.5}, r"sampling_ratio = 1\.5, expected an integer"),
        ({"aligned": "no"}, "aligned = 'no', expected True or False"),
        ({"output_size": None}, "output_size = None, expected an integer or two"),
    ],
)
def test_wrong_attributes_of_regions(attributes, message):
    with pytest.raises(dcngen.Error, match=message):
        regions(np.zeros((1, 5), "f"), **attributes)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[0, 0, 0, 4, 4]], r"boxes\[0\] has shape \(5,\), expected \(regions of image 0, 4\)"),
        ([np.zeros((2, 5))], r"boxes\[0\] has shape \(2, 5\)"),
        ([np.float32(1)], r"boxes\[0\] has shape \(\)"),
        ([["a"]], r"boxes\[0\] has shape \(1,\)"),
        (np.float32(1), r"boxes have shape \(\), expected \(number of regions, 5\)"),
        (None, "boxes is None, expected an array"),
    ],
)
def test_wrong_boxes(boxes, message):
    with pytest.raises(dcngen.Error, match=message):
        regions(boxes)


def test_lists_of_boxes():
    rows = np.array([[1, 0, 0, 4, 4]], "f")
    want = regions(rows, images=2)
    np.testing.assert_array_equal(regions([[], [[0, 0, 4, 4]]], images=2), want)
    assert regions([[], []], images=2).shape == (0, 2, 2, 2)


@pytest.mark.parametrize("dtype", ["u1", "f2"])
def test_boxes_of_many_images(dtype):
    images = 2100 if dtype == "f2" else 300
    each = [np.zeros((0, 4), dtype)] * (images - 1) + [np.array([[0, 0, 4, 4]], dtype)]
    rows = np.array([[images - 1, 0, 0, 4, 4]])
    np.testing.assert_array_equal(regions(each, images), regions(rows, images))
    assert regions(each, images, "f8").dtype == np.float64


@pytest.mark.parametrize("name", ["input", "offset", "weight"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: None, "is None, expected an array"),
        (lambda a: a.astype(complex), "has dtype complex128, expected real numbers"),
        (lambda a: a.astype(str), "has dtype <U.*, expected real numbers"),
        (lambda a: a.astype(object), "has dtype object, expected real numbers"),
    ],
)
def test_what_is_no_array_of_numbers(layer, name, change, message):
    a = vars(layer())
    with pytest.raises(dcngen.Error, match=f"{name} {message}"):
        dcngen.deform_conv2d(**{**a, name: change(a[name])}, padding=1)


def test_float64_of_the_other_byte_order(layer):
    a = layer(dtype=np.float64)
    want = dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1)
    got = dcngen.deform_conv2d(a.input.astype(">f8"), a.offset, a.weight, padding=1)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("h", "w"), [(0, 9), (7, 0)])
def test_an_empty_map(layer, h, w):
    a = layer()
    x, offset = a.input[:, :, :h, :w], np.zeros((2, 18, h or 2, w or 2), "f")
    with pytest.raises(dcngen.Error, match="the map is empty"):
        dcngen.deform_conv2d(x, offset, a.weight, padding=2)
    with pytest.raises(dcngen.Error, match="the map is empty"):
        dcngen.dcnv4(np.zeros((1, h, w, 4), "f"), offset, 1, padding=2)


class ByDlpack:
    """An array of which there is nothing but DLPack."""

    def __init__(self, array, **only):
        self.array, self.only = array, only

    def __dlpack__(self, **how):
        return self.array.__dlpack__(**(self.only or how))

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_out_that_is_read_only(layer):
    a, shape = layer(), (2, 6, 7, 9)
    memory = bytes(2 * 6 * 7 * 9 * 4)
    read_only = np.frombuffer(memory, "f").reshape(shape)
    view = memoryview(memory).cast("f", shape)
    for out, message in (
        (read_only, "out is read-only"),
        (view, "out is read-only"),
        (ByDlpack(read_only), "read.?only"),
        (np.zeros(shape).tolist(), "out is a list, expected an array"),
    ):
        with pytest.raises(dcngen.Error, match=message):
            dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1, out=out)
    assert not any(memory)


def test_out_that_is_no_array_of_numpy(layer):
    a, shape = layer(), (2, 6, 7, 9)
    want = dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1)
    room, other = bytearray(2 * 6 * 7 * 9 * 4), np.zeros(shape, "f")
    for out, target in (
        (memoryview(room).cast("f", shape), np.frombuffer(room, "f").reshape(shape)),
        (ByDlpack(other), other),
    ):
        dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1, out=out)
        np.testing.assert_array_equal(target, want)
        target[...] = 0


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"threads": 1.5}, r"threads = 1\.5, expected an integer"),
        ({"sizes": {"batch": "2"}}, "sizes: batch = '2', expected an integer"),
    ],
)
def test_wrong_arguments_of_kernels(how, message):
    kernel = dcngen.Kernel(SPEC)
    operands = [np.zeros(t.shape, "f") for t in kernel.tensors if t.role != "out"]
    with pytest.raises(dcngen.Error, match=message):
        kernel(*operands, **how)
    assert kernel(*operands, threads=np.int64(1)).shape == (1, 2, 5, 5)
    with pytest.raises(dcngen.Error, match=r"threads = 1\.5, expected an integer"):
        dcngen.Kernel(SPEC, threads=1.5)


def test_no_dimension_where_there_are_regions():
    kernel = dcngen.load(
        'return roi_align { name = "k", dtype = "f32", batch = 1, height = 5, width = 5, '
        "rois = dynamic, channels = 2, output_size = 2 }"
    )
    with pytest.raises(dcngen.Error, match=r"rois"):
        kernel(np.zeros((1, 2, 5, 5), "f"), np.float32(1))
