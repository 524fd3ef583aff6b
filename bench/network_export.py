"""network_export.py: models of PyTorch in ONNX, with operators that PyTorch's exporter does not know.

SPDX-License-Identifier: Apache-2.0
"""
import inspect
import warnings

import torch


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


def export(model, arrays, outputs, path):
    """Deformable convolutions are DeformConv of opset 19, and mmcv's where torch does not know that opset."""
    import dcngen.onnx
    dcngen.onnx.register_export()
    opset = 17 if torch.__version__.startswith("1.") else 19
    more = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    domains = {"mmdeploy": 1, "dcngen": 1, "mmcv": 1}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, tuple(map(torch.from_numpy, arrays.values())), path, opset_version=opset,
                          input_names=list(arrays), output_names=outputs, custom_opsets=domains, **more)
