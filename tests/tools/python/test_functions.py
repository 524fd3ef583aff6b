"""Functions of arrays, compared with numbers of other implementations.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
import pytest

import dcngen

DEFORMABLE = [
    "dcnv2_tv_29_groups3_og2_crossing",
    "dcnv1_tv_15_kernel_h_bigger_than_input",
    "dcnv2_tv_15_dilation3",
]


def convolution(case):
    p = case.params
    assert p["pad"][:2] == p["pad"][2:]
    return {
        "stride": tuple(p["stride"]),
        "padding": tuple(p["pad"][:2]),
        "dilation": tuple(p["dilation"]),
    }


@pytest.mark.parametrize("name", DEFORMABLE)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_deform_conv2d(golden, name, dtype):
    case = golden(name)
    operands = {
        key: getattr(case, key).astype(dtype)
        for key in ("input", "offset", "weight", "bias", "mask")
        if hasattr(case, key)
    }
    output = dcngen.deform_conv2d(**operands, **convolution(case))
    assert output.dtype == dtype
    tolerance = case.tolerance if dtype == np.float64 else {"rtol": 2e-4, "atol": 1e-4}
    np.testing.assert_allclose(output, case.output, **tolerance)


def aggregation(p):
    return {
        "groups": p["group"],
        "kernel_size": tuple(p["kernel"]),
        "stride": tuple(p["stride"]),
        "padding": tuple(p["pad"]),
        "dilation": tuple(p["dilation"]),
        "offset_scale": p["offset_scale"],
        "remove_center": p["remove_center"],
    }


@pytest.mark.parametrize(
    "name", ["dcnv3_core_10_dilation2_scale1p5_rmcenter", "dcnv3_core_17_nonsquare_3x1_s1x2_scale"]
)
def test_dcnv3(golden, name):
    case = golden(name)
    output = dcngen.dcnv3(case.input, case.offset, case.mask, **aggregation(case.params))
    np.testing.assert_allclose(output, case.output, **case.tolerance)


def test_dcnv3_softmax(golden):
    case = golden("dcnv3_core_02_upstream_test_like_scale2")
    a = aggregation(case.params)
    points = case.mask.reshape(1, 8, 8, 2, 9)
    mask = (points / points.sum(-1, keepdims=True)).reshape(case.mask.shape)
    want = dcngen.dcnv3(case.input, case.offset, mask, **a)
    output = dcngen.dcnv3(case.input, case.offset, np.log(case.mask), **a, softmax=True)
    np.testing.assert_allclose(output, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "name", ["dcnv4_kernel_02_rmcenter_scale2", "dcnv4_kernel_09_softmax_flag"]
)
def test_dcnv4(golden, name):
    case = golden(name)
    a = aggregation(case.params)
    output = dcngen.dcnv4(case.input, case.offset_mask, **a, softmax=case.params["softmax"])
    np.testing.assert_allclose(output, case.output, **case.tolerance)


@pytest.mark.parametrize(
    ("name", "function", "keys"),
    [
        ("roialign_tv_04_special", dcngen.roi_align, ("sampling_ratio", "aligned")),
        ("psroialign_tv_02_in", dcngen.ps_roi_align, ("sampling_ratio",)),
        ("roipoolmax_tv_04_special", dcngen.roi_pool, ()),
        ("psroipool_tv_04_over", dcngen.ps_roi_pool, ()),
    ],
)
def test_regions(golden, name, function, keys):
    case = golden(name)
    p = {key: case.params[key] for key in ("output_size", "spatial_scale", *keys)}
    output = function(case.input, case.rois, **p)
    np.testing.assert_allclose(output, case.output, **case.tolerance)


@pytest.mark.parametrize("name", ["droipool_mmcv_kernel_00_in", "mdroipool_mmcv_02_in"])
def test_deform_roi_pool(golden, name):
    case = golden(name)
    p = {k: case.params[k] for k in ("output_size", "spatial_scale", "sampling_ratio", "gamma")}
    mask = getattr(case, "mask", None)
    output = dcngen.deform_roi_pool(case.input, case.rois, case.offset, **p, mask=mask)
    np.testing.assert_allclose(output, case.output, **case.tolerance)


def test_regions_by_image(rng):
    x = rng.normal(size=(3, 4, 8, 8)).astype("f")
    each = [rng.random((n, 4)).astype("f") * 4 + [0, 0, 4, 4] for n in (2, 0, 1)]
    rows = np.zeros((3, 5), "f")
    rows[:, 0], rows[:, 1:] = [0, 0, 2], np.concatenate(each)
    got = dcngen.roi_align(x, each, 2, sampling_ratio=2)
    np.testing.assert_array_equal(got, dcngen.roi_align(x, rows, 2, sampling_ratio=2))


def test_nothing_is_copied_that_fits(layer):
    a = layer()
    out = np.empty((2, 6, 7, 9), "f")
    assert dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1, out=out) is out
    read_only = a.input.copy()
    read_only.flags.writeable = False
    got = dcngen.deform_conv2d(read_only, a.offset, a.weight, padding=1)
    np.testing.assert_array_equal(got, out)


def test_nothing_at_all(layer):
    a = layer(n=0)
    assert dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1).shape == (0, 6, 7, 9)
    none = np.zeros((0, 5), "f")
    assert dcngen.roi_align(layer().input, none, 3).shape == (0, 8, 3, 3)
    assert not dcngen.roi_align(a.input, np.ones((2, 5), "f"), 3).any()


def test_hostile_offsets(layer):
    a = layer()
    a.offset[0, ::3], a.offset[0, 1::3], a.offset[1, ::5] = np.nan, np.inf, -1e30
    assert np.isfinite(dcngen.deform_conv2d(a.input, a.offset, a.weight, padding=1)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offset": np.zeros((2, 71, 7, 9), "f")}, "offset has 71 channels, expected 18 for each"),
        (
            {"mask": np.zeros((2, 35, 7, 9), "f")},
            r"mask has shape \(2, 35, 7, 9\), expected \(2, 36, 7, 9\)",
        ),
        ({"bias": np.zeros(5, "f")}, r"bias has shape \(5,\), expected \(6,\)"),
        ({"weight": np.zeros((6, 3, 3, 3), "f")}, "groups must divide both channels"),
        ({"input": np.zeros((8, 7, 9), "f")}, "input has 3 dimensions, expected 4"),
        ({"stride": 0}, r"stride = \(0, 0\), expected 1 or more"),
        ({"dilation": 9}, "the kernel does not fit into the input"),
        ({"stride": (1, 1, 1)}, "expected an integer or two"),
        ({"out": np.zeros((2, 6, 7, 8), "f")}, "out has shape"),
    ],
)
def test_wrong_arguments(layer, change, message):
    with pytest.raises(dcngen.Error, match=message) as caught:
        dcngen.deform_conv2d(**{**vars(layer()), "padding": 1, **change})
    assert caught.value.code == 2


def test_wrong_regions(layer):
    with pytest.raises(dcngen.Error, match="expected a multiple of 3 x 3 bins"):
        dcngen.ps_roi_pool(layer().input, np.zeros((1, 5)), 3)
    with pytest.raises(dcngen.Error, match=r"boxes have shape \(1, 4\)"):
        dcngen.roi_pool(layer().input, np.zeros((1, 4)), 3)
