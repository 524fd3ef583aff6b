"""network_export.py: models of PyTorch in ONNX, with operators that PyTorch's exporter does not know.

SPDX-License-Identifier: Apache-2.0
"""
import inspect
import warnings

import torch
from torch.onnx import symbolic_helper


class Trt(torch.autograd.Function):
    """The core of DCNv3 in an exported model: mmdeploy's operator."""

    @staticmethod
    def forward(ctx, x, offset, mask, groups):
        return torch.zeros_like(x)

    @staticmethod
    def symbolic(g, x, offset, mask, groups):
        sizes = {f"{key}_{axis}_i": n for key, n in
                 (("kernel", 3), ("stride", 1), ("pad", 1), ("dilation", 1)) for axis in "hw"}
        made = g.op("mmdeploy::TRTDCNv3", x, offset, mask, group_i=groups, offset_scale_f=1.0, **sizes)
        made.setType(x.type())
        return made


class Pool(torch.autograd.Function):
    """Deformable position-sensitive pooling in an exported model: the language's operator."""

    @staticmethod
    def forward(ctx, x, rois, trans, classes):
        return x.new_zeros(len(rois), x.shape[1] // 49, 7, 7)

    @staticmethod
    def symbolic(g, x, rois, trans, classes):
        given = [x, rois] if trans is None else [x, rois, trans]
        more = {"no_trans_i": 1} if trans is None else {"trans_std_f": 0.1, "num_classes_i": classes}
        return g.op("dcngen::deform_ps_roi_pool", *given, pooled_size_i=7, group_size_i=7,
                    sample_per_part_i=4, spatial_scale_f=1 / 16, **more)


def deform_conv_symbolic(g, x, weight, offset, mask, bias, sh, sw, ph, pw, dh, dw, groups, offset_groups, use_mask):
    given = [x, weight, offset, bias] + ([mask] if use_mask else [])
    return g.op("DeformConv", *given, strides_i=[sh, sw], pads_i=[ph, pw, ph, pw], dilations_i=[dh, dw],
                group_i=groups, offset_group_i=offset_groups)


def export(model, arrays, outputs, path):
    parsed = symbolic_helper.parse_args(*"vvvvv", *"iiiiiiii", "b")(deform_conv_symbolic)
    torch.onnx.register_custom_op_symbolic("torchvision::deform_conv2d", parsed, 19)
    more = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, tuple(map(torch.from_numpy, arrays.values())), path, opset_version=19,
                          input_names=list(arrays), output_names=outputs,
                          custom_opsets={"mmdeploy": 1, "dcngen": 1}, **more)
