"""Operands whose shapes are not those that a kernel reads: an error, and no memory of others is read.

SPDX-License-Identifier: Apache-2.0
"""

import pytest
import torch
from torch import nn

import dcngen
import dcngen.torch
from dcngen.torch import calls


def refused(function, *args, match):
    with torch.no_grad(), pytest.raises(dcngen.Error, match=match):
        function(*args)


@pytest.mark.parametrize("channels", [2, 8, 64])
def test_channels_of_a_pack(channels):
    layer = dcngen.torch.DeformConv2dPack(4, 8, 3, padding=1).eval()
    want = rf"DeformConv2dPack: input has shape \(1, {channels}, 9, 9\), expected \(1, 4, 9, 9\)"
    refused(layer, torch.randn(1, channels, 9, 9), match=want)
    refused(layer, torch.randn(4, 9, 9), match="expected 4 dimensions")


@pytest.mark.parametrize("channels", [8, 32])
def test_channels_of_aggregations(channels):
    layer = dcngen.torch.DCNv3(16, group=4).eval()
    want = rf"DCNv3: input has shape \(1, 5, 5, {channels}\), expected \(1, 5, 5, 16\)"
    refused(layer, torch.randn(1, 5, 5, channels), match=want)
    refused(layer, torch.randn(5, 5, 16), match="expected 4 dimensions")
    layer = dcngen.torch.DCNv4(16, group=4).eval()
    refused(layer, torch.randn(1, 25, channels), match="DCNv4: input has shape")
    refused(layer, torch.randn(1, 5, 5, 16), match="expected 3 dimensions")


def test_weights_of_other_shapes():
    layer = dcngen.torch.DeformConv2dPack(4, 8, 3, padding=1, bias=True).eval()
    layer.bias = nn.Parameter(torch.zeros(4))
    refused(layer, torch.randn(1, 4, 9, 9), match=r"bias has shape \(4,\), expected \(8,\)")


def test_a_batch_norm_of_fewer_channels():
    layer = dcngen.torch.ModulatedDeformConv2dPack(4, 8, 3, padding=1)
    model = dcngen.torch.optimize(nn.Sequential(layer, nn.BatchNorm2d(4)).eval())
    refused(model, torch.randn(1, 4, 5, 5), match=r"scale has shape \(4,\), expected \(8,\)")


def test_every_call_is_checked(monkeypatch):
    """Shapes of sizes that one kernel serves are told apart; what is not there is not read."""
    layer = dcngen.torch.DeformConv2dPack(4, 8, 3, padding=1).eval()
    with torch.no_grad():
        for size in (5, 6, 7, 8, 9):
            assert layer(torch.randn(1, 4, size, 5)).shape == (1, 8, size, 5)
    refused(layer, torch.randn(1, 5, 9, 5), match="expected")
    dense = calls.dense
    monkeypatch.setattr(calls, "dense", lambda *a, **k: dense(*a, **{**k, "offset_bias": None}))
    refused(layer, torch.randn(1, 4, 9, 5), match="offset_bias is missing")
