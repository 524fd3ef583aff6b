"""Deformable convolutions of ONNX models, run by dcngen inside ONNX Runtime; whole models as specs of networks.

    import dcngen.onnx, onnxruntime
    options = onnxruntime.SessionOptions()
    dcngen.onnx.register(options)
    session = onnxruntime.InferenceSession("model.onnx", options)

    dcngen.onnx.to_spec("model.onnx", "net.lua", "net.safetensors")

SPDX-License-Identifier: Apache-2.0
"""

from .convert import to_spec
from .export import register_export
from .provider import get_ep_name, get_ep_names, get_library_path, register
from .rewrite import rewrite

__all__ = [
    "get_ep_name",
    "get_ep_names",
    "get_library_path",
    "register",
    "register_export",
    "rewrite",
    "to_spec",
]
