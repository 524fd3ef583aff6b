"""peers.py: the other implementations of convolutions, each as one class; peers_family.py has the
other operators', peers_hosts.py dcngen in Python, PyTorch and ONNX Runtime.

A peer is made for one problem and a number of threads.  run() computes once; output() is the
result as an nchw float32 array, for the comparison.  Everything that a user does once (loading,
packing weights, compiling a graph) happens in the constructor.  fresh_output says that a run
returns new memory, which is then not counted as workspace.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import os

import numpy as np


class Problem:
    """Sizes and operands; small() has the same operands cut down, to warm a library up."""

    def __init__(self, cell, arrays):
        self.__dict__.update(cell)
        self.arrays = arrays

    def array(self, name):
        return self.arrays.get(name)

    def output_shape(self):
        return (self.rois or self.batch, self.out_channels, self.out_height, self.out_width)

    def small(self):
        sizes = dict(self.__dict__, batch=1, height=8, width=8, stride=[1, 1], groups=1,
                     offset_groups=1, kernel=[1, 1], padding=[0, 0, 0, 0], dilation=[1, 1],
                     out_height=8, out_width=8, in_channels=16, out_channels=16,
                     rois=min(1, self.rois), remove_center=False)
        del sizes["arrays"]
        shapes = {"input": (1, 16, 8, 8), "weight": (16, 16, 1, 1), "offset": (1, 2, 8, 8)}
        if "offset_mask" in self.arrays:
            shapes["offset_mask"] = (1, 8, 8, 8)
        if "mask" in self.arrays:
            shapes["mask"] = (1, 1, 8, 8)
        if "grad_output" in self.arrays:
            shapes["grad_output"] = (1, 16, 8, 8)
        if self.rois:
            shapes["rois"] = (1, 5)
        return Problem(sizes, {k: np.zeros(v, np.float32) for k, v in shapes.items()})


def blank(shape):
    """Memory that is there, so that writing it is no growth, and that no result looks like."""
    return np.full(shape, np.nan, np.float32)


# ---- deformable ------------------------------------------------------------------------------

class Torchvision:
    label, family, fresh_output = "torchvision", "deform", True

    def __init__(self, p, threads):
        import torch
        import torchvision
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.version = torchvision.__version__
        x, w, offset, mask = (None if a is None else torch.from_numpy(a) for a in
                              map(p.array, ("input", "weight", "offset", "mask")))
        self.call = lambda: torchvision.ops.deform_conv2d(
            x, offset, w, None, tuple(p.stride), tuple(p.padding[:2]), tuple(p.dilation), mask)

    def run(self):
        self.y = None  # a result of before is let go, as dcngen_worker writes to the same place
        self.y = self.call()

    def output(self):
        return self.y.numpy()


class OnnxRuntime:
    label, family, fresh_output = "ONNX Runtime", "deform", False

    def graph(self, p):
        """Operator, names of its inputs, attributes; the arrays it is fed with; those it holds."""
        names = ["input", "offset"] + (["mask"] if p.mask else [])
        node = ("DeformConv", ["input", "weight", "offset", "", "mask"][:5 if p.mask else 3],
                {"kernel_shape": p.kernel, "strides": p.stride, "dilations": p.dilation,
                 "pads": p.padding, "group": p.groups, "offset_group": p.offset_groups})
        return node, {n: p.array(n) for n in names}, {"weight": p.array("weight")}

    def open(self, onnxruntime, model, options):
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __init__(self, p, threads):
        import onnx
        import onnxruntime
        self.version = onnxruntime.__version__
        self.y = blank(p.output_shape())
        (op, inputs, attributes), self.operands, held = self.graph(p)
        value = lambda n, a: onnx.helper.make_tensor_value_info(
            n, onnx.helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node(op, inputs, ["y"], **attributes)], "g",
            [value(n, a) for n, a in self.operands.items()], [value("y", self.y)],
            [onnx.numpy_helper.from_array(a, n) for n, a in held.items()])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 19)],
                                       ir_version=9)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = self.open(onnxruntime, model.SerializeToString(), options)
        self.binding = self.session.io_binding()
        for name, a in self.operands.items():
            self.binding.bind_input(name, "cpu", 0, a.dtype, a.shape, a.ctypes.data)
        self.binding.bind_output("y", "cpu", 0, np.float32, self.y.shape, self.y.ctypes.data)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def output(self):
        return self.y


class OpenVino:
    label, family, fresh_output = "OpenVINO", "deform", False

    def graph(self, ops, p, node, weight):
        extra = [node["mask"]] if p.mask else []
        return ops.deformable_convolution(
            node["input"], node["offset"], weight, p.stride, p.padding[:2], p.padding[2:],
            p.dilation, *extra, auto_pad="explicit", group=p.groups,
            deformable_group=p.offset_groups, bilinear_interpolation_pad=True)

    def operands(self, p):
        return ["input", "offset"] + (["mask"] if p.mask else [])

    def __init__(self, p, threads):
        import openvino
        from openvino import opset8
        self.problem = p
        self.version = openvino.__version__.split("-")[0]
        node = {n: opset8.parameter(p.array(n).shape, np.float32, name=n) for n in self.operands(p)}
        model = openvino.Model([self.graph(opset8, p, node, opset8.constant(p.array("weight")))],
                               list(node.values()), "g")
        self.compiled = openvino.Core().compile_model(model, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32"})
        self.request = self.compiled.create_infer_request()
        self.y = blank(p.output_shape())
        self.tensors = [openvino.Tensor(a, shared_memory=True)
                        for a in [*map(p.array, node), self.y]]
        for i in range(len(node)):
            self.request.set_input_tensor(i, self.tensors[i])
        self.request.set_output_tensor(0, self.tensors[-1])

    def run(self):
        self.request.infer()

    def output(self):
        return self.y


# ---- plain convolutions of the same shape ----------------------------------------------------

class OpenVinoPlain(OpenVino):
    label, family = "OpenVINO conv", "plain"

    def graph(self, ops, p, node, weight):
        if p.groups > 1:
            o, i, kh, kw = p.array("weight").shape
            grouped = p.array("weight").reshape(p.groups, o // p.groups, i, kh, kw)
            return ops.group_convolution(node["input"], ops.constant(grouped), p.stride,
                                         p.padding[:2], p.padding[2:], p.dilation)
        return ops.convolution(node["input"], weight, p.stride, p.padding[:2], p.padding[2:],
                               p.dilation)

    def operands(self, p):
        return ["input"]


class TorchPlain:
    label, family, fresh_output = "torch conv2d, nchw", "plain", True
    channels_last = False

    def __init__(self, p, threads):
        import torch
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.version = torch.__version__
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        x, w = (torch.from_numpy(p.array(n)).to(memory_format=layout) for n in ("input", "weight"))
        self.call = lambda: torch.nn.functional.conv2d(x, w, None, p.stride, p.padding[:2],
                                                       p.dilation, p.groups)

    def run(self):
        self.y = None
        self.y = self.call()

    def output(self):
        return self.y.contiguous().numpy()


class TorchPlainLast(TorchPlain):
    label, channels_last = "torch conv2d, nhwc", True


class TorchMkldnn(TorchPlain):
    """oneDNN as torch ships it, input and weight in its own layout beforehand."""
    label = "torch conv2d, mkldnn"

    def __init__(self, p, threads):
        super().__init__(p, threads)
        import torch
        x = torch.from_numpy(p.array("input")).to_mkldnn()
        w = torch._C._nn.mkldnn_reorder_conv2d_weight(
            torch.from_numpy(p.array("weight")).to_mkldnn(), p.padding[:2], p.stride, p.dilation,
            p.groups, p.array("input").shape)
        self.call = lambda: torch.mkldnn_convolution(x, w, None, p.padding[:2], p.stride,
                                                     p.dilation, p.groups)

    def output(self):
        return self.y.to_dense().contiguous().numpy()


class OneDnn:
    label, family, fresh_output, layout = "oneDNN, its own layout", "plain", False, 0

    def __init__(self, p, threads):
        del threads  # OMP_NUM_THREADS
        path = os.environ.get("DCNGEN_BENCH_ONEDNN", "")
        if not os.path.exists(path):
            raise ImportError("no oneDNN 3 to compile bench/onednn.c against")
        self.lib = ctypes.CDLL(path)
        self.lib.plain_open.restype = ctypes.c_void_p
        sizes = [p.batch, p.in_channels, p.height, p.width, p.out_channels, p.out_height,
                 p.out_width, *p.kernel, *p.stride, *p.dilation, *p.padding, p.groups]
        problem = (ctypes.c_int64 * len(sizes))(*sizes)
        self.handle = ctypes.c_void_p(self.lib.plain_open(
            problem, self.layout, *(ctypes.c_void_p(p.array(n).ctypes.data)
                                    for n in ("input", "weight"))))
        if not self.handle:
            raise RuntimeError("oneDNN refuses this convolution")
        text = ctypes.create_string_buffer(128)
        self.lib.plain_describe(self.handle, text, 128)
        self.version, self.note = text.value.decode().split(" ", 1)
        self.y = blank(p.output_shape())

    def run(self):
        if self.lib.plain_run(self.handle):
            raise RuntimeError("oneDNN failed")

    def output(self):
        self.lib.plain_output(self.handle, ctypes.c_void_p(self.y.ctypes.data))
        return self.y


class OneDnnLast(OneDnn):
    label, layout = "oneDNN, nhwc", 2


# ---- the product alone, its column matrix already made ---------------------------------------

def columns(p):
    """The column matrix of the plain convolution, [G, C/G * taps, pixels]; N is 1."""
    x = p.array("input")[0]
    top, left, bottom, right = p.padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right)))
    c, taps = x.shape[0], p.kernel[0] * p.kernel[1]
    out = np.empty((c, taps, p.out_height, p.out_width), np.float32)
    for i in range(p.kernel[0]):
        for j in range(p.kernel[1]):
            y, z = i * p.dilation[0], j * p.dilation[1]
            out[:, i * p.kernel[1] + j] = x[
                :, y:y + (p.out_height - 1) * p.stride[0] + 1:p.stride[0],
                z:z + (p.out_width - 1) * p.stride[1] + 1:p.stride[1]]
    return out.reshape(p.groups, c // p.groups * taps, p.out_height * p.out_width)


class OpenBlas:
    """y[O][pixels] = weight[O][K] columns[K][pixels]: as nchw."""
    label, family, fresh_output = "OpenBLAS sgemm, nchw", "plain", False
    ROW, PLAIN, TURNED = 101, 111, 112

    def __init__(self, p, threads):
        import scipy_openblas32
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            if " avx512bw" in f.read():  # it knows too few CPUs by name and then forgoes AVX-512
                os.environ.setdefault("OPENBLAS_CORETYPE", "SKYLAKEX")
        self.lib = ctypes.CDLL(os.path.join(scipy_openblas32.get_lib_dir(),
                                            "libscipy_openblas.so"))
        self.lib.scipy_openblas_set_num_threads(threads)
        config = self.lib.scipy_openblas_get_config
        config.restype = ctypes.c_char_p
        words = config().decode().split()
        self.version, self.note = words[1], words[-2]
        self.problem = p
        self.prepare(p)

    def prepare(self, p):
        self.a = p.array("weight").reshape(p.groups, p.out_channels // p.groups, -1)
        self.b = columns(p)
        self.y = blank((p.groups, self.a.shape[1], self.b.shape[2]))

    def run(self):
        f = ctypes.c_float
        for a, b, y in zip(self.a, self.b, self.y):
            m, k, n = a.shape[0], a.shape[1], b.shape[1]
            self.lib.scipy_cblas_sgemm(self.ROW, self.PLAIN, self.PLAIN, m, n, k, f(1),
                                       *self.matrix(a), *self.matrix(b), f(0), *self.matrix(y))

    @staticmethod
    def matrix(x):
        return ctypes.c_void_p(x.ctypes.data), x.shape[1]

    def output(self):
        return self.y.reshape(self.problem.output_shape())


class OpenBlasLast(OpenBlas):
    """y[pixels][O] = columns[pixels][K] weight[K][O]: as nhwc, groups apart."""
    label = "OpenBLAS sgemm, nhwc"

    def prepare(self, p):
        weight = p.array("weight").reshape(p.groups, p.out_channels // p.groups, -1)
        self.a = np.ascontiguousarray(columns(p).transpose(0, 2, 1))
        self.b = np.ascontiguousarray(weight.transpose(0, 2, 1))
        self.y = blank((p.groups, self.a.shape[1], self.b.shape[2]))

    def output(self):
        return np.ascontiguousarray(self.y.transpose(0, 2, 1)).reshape(self.problem.output_shape())


PEERS = {
    "torchvision": Torchvision,
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "onednn": OneDnn,
    "onednn_nhwc": OneDnnLast,
    "openvino_plain": OpenVinoPlain,
    "torch": TorchPlain,
    "torch_nhwc": TorchPlainLast,
    "torch_mkldnn": TorchMkldnn,
    "openblas": OpenBlas,
    "openblas_nhwc": OpenBlasLast,
}
