"""network_peers.py ROW FOLDER THREADS: one implementation of a network in its own process; answers as peer.py does.

    network_peers.py make FOLDER NETWORK KEY=VALUE...

writes what all of them read: parameters, inputs and models in ONNX.

SPDX-License-Identifier: Apache-2.0
"""
import importlib
import json
import os
import sys
import time

import numpy as np

from resident import mark, status

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.setdefault("DCNGEN_LIBRARY", os.path.join(HERE, "../build/release/libdcngen.so"))
sys.path.insert(0, os.path.join(HERE, "../python"))


# ---- the networks --------------------------------------------------------------------------------

def picture(p):
    return {"image": (1, 3, p["height"], p["width"])}


def frames(p):
    size = (p["height"], p["width"])
    return {name: (1, c, *size) for name, c in
            (("x", 128), ("extra_feat", 192), ("flow_1", 2), ("flow_2", 2))}


def pyramid(p):
    return {f"x{level}": (1, 192 << level, *[p["size"] >> level + 1] * 2) for level in (4, 3, 2, 1)}


def regions(p):
    return {"features": (1, 2048, p["height"], p["width"]), "rois": (p["rois"], 5)}


# Spec and class, shapes of the inputs, names of the outputs.
NETWORKS = {
    "resnet50_dcn": ("resnet50", picture, ["scores"]),
    "internimage_t": ("InternImage", picture, ["scores"]),
    "basicvsrpp_align": ("Alignment", frames, ["aligned"]),
    "birefnet_decoder": ("Decoder", pyramid, ["logits"]),
    "rfcn_head": ("RfcnHead", regions, ["cls_score", "bbox_pred"]),
}


def random_inputs(network, params):
    rng = np.random.default_rng(2)
    arrays = {}
    for name, shape in NETWORKS[network][1](params).items():
        x = rng.standard_normal(shape, np.float32)
        if name.startswith("flow"):
            x *= 3
        elif name == "rois":
            size = 16 * np.array([params["width"], params["height"]])
            corner = rng.uniform(0, 0.7, (len(x), 2)) * size
            x[:, 0], x[:, 1:3] = 0, corner
            x[:, 3:] = corner + rng.uniform(0.1, 0.5, (len(x), 2)) * size
        arrays[name] = x
    return arrays


def build(network, **how):
    import network_models
    import network_parameters
    return network_parameters.randomize(getattr(network_models, NETWORKS[network][0])(**how))


# ---- what all of them read -----------------------------------------------------------------------

def make(folder, network, params):
    """parameters.safetensors, inputs.npz, standard.onnx, custom.onnx, cell.json."""
    import network_parameters
    from network_export import export
    from dcngen.onnx.convert.weights import save_safetensors
    model, arrays, outputs = build(network), random_inputs(network, params), NETWORKS[network][2]
    path = lambda name: os.path.join(folder, name)
    save_safetensors(path("parameters.safetensors"), network_parameters.parameters(model))
    np.savez(path("inputs.npz"), **arrays)
    with open(path("cell.json"), "w", encoding="utf-8") as f:
        json.dump({"network": network, "params": params}, f)
    if network == "internimage_t":
        model.use_core("deform_conv2d")
    export(model, arrays, outputs, path("standard.onnx"))
    if network == "rfcn_head":
        model.exporting = True
    export(model, arrays, outputs, path("custom.onnx"))


# ---- implementations -----------------------------------------------------------------------------

class Cell:
    def __init__(self, folder, threads):
        self.folder, self.threads = folder, threads
        with open(self.path("cell.json"), encoding="utf-8") as f:
            self.__dict__.update(json.load(f))
        self.inputs = dict(np.load(self.path("inputs.npz")))
        self.names = NETWORKS[self.network][2]

    def path(self, name):
        return os.path.join(self.folder, name)


class Row:
    modules = ()  # of its library, whose own size is not counted

    @classmethod
    def load(cls):
        for module in cls.modules:
            importlib.import_module(module)


class Dcngen(Row):
    modules = ("dcngen",)

    def __init__(self, cell):
        import dcngen
        spec = os.path.join(HERE, "../examples/networks", cell.network + ".lua")
        begin = time.perf_counter()
        self.kernel = dcngen.Kernel(spec, cell.params, threads=cell.threads)
        compiled = time.perf_counter() - begin
        self.version = dcngen.__version__
        self.note = f"compiled in {compiled:.2f} s"
        packed = self.kernel.pack(cell.path("parameters.safetensors"))
        self.given = {**cell.inputs, "parameters": packed}
        self.names, self.out = cell.names, None
        self.run()

    def run(self):
        self.out = self.kernel(**self.given, out=self.out)

    def outputs(self):
        return [self.out[name] for name in self.names]


class Torch(Row):
    """Eager, as a user runs it; `core` of InternImage."""
    modules = ("torch", "torchvision", "network_models", "network_parameters")
    last, patch, how, core = False, (), {}, "grid_sample"

    def __init__(self, cell):
        import torch
        torch.set_num_threads(cell.threads)
        torch.set_grad_enabled(False)
        self.version = torch.__version__
        self.model = build(cell.network, **self.how)
        if cell.network == "internimage_t":
            self.model.use_core(self.core)
        self.inputs = [torch.from_numpy(x) for x in cell.inputs.values()]
        if self.last:
            form = {"memory_format": torch.channels_last}
            self.model = self.model.to(**form)
            self.inputs = [x.to(**form) if x.dim() == 4 else x for x in self.inputs]
        if self.patch:
            import dcngen.torch
            dcngen.torch.patch(*self.patch)

    def run(self):
        self.y = self.model(*self.inputs)

    def outputs(self):
        return [y.contiguous().numpy() for y in (self.y if isinstance(self.y, tuple) else (self.y,))]


class TorchLast(Torch):
    last = True


class TorchDepthwise(Torch):
    core = "deform_conv2d"


class TorchPatched(Torch):
    patch = ("torchvision", "DCNv3")


class TorchPlain(Torch):
    how = {"deformable": False}


class TorchPlainLast(TorchPlain):
    last = True


class OnnxRuntime(Row):
    modules = ("onnxruntime",)

    def __init__(self, cell):
        import onnxruntime
        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cell.threads
        self.session = onnxruntime.InferenceSession(cell.path("standard.onnx"), options,
                                                    providers=["CPUExecutionProvider"])
        self.inputs, self.names = cell.inputs, cell.names

    def run(self):
        self.y = self.session.run(self.names, self.inputs)

    def outputs(self):
        return self.y


def openvino_deform_conv(node):
    from openvino import opset8
    given = [node.get_input(i) for i in range(node.get_input_size())]
    at = {name: node.get_attribute(name) for name in ("strides", "pads", "dilations")}
    mask = given[4:5]
    y = opset8.deformable_convolution(
        given[0], given[2], given[1], at["strides"], at["pads"][:2], at["pads"][2:], at["dilations"], *mask,
        auto_pad="explicit", group=node.get_attribute("group"),
        deformable_group=node.get_attribute("offset_group"), bilinear_interpolation_pad=True)
    bias = opset8.reshape(given[3], np.array([1, -1, 1, 1]), False)
    return [opset8.add(y, bias).output(0)]


def openvino_pool(node):
    from openvino import opset8
    given = [node.get_input(i) for i in range(node.get_input_size())]
    channels = given[0].get_partial_shape()[1].get_length() // 49
    y = opset8.deformable_psroi_pooling(
        given[0], given[1], channels, 1 / 16, 7, "bilinear_deformable", 4, 4, 0.1, 7, *given[2:])
    return [y.output(0)]


class OpenVino(Row):
    modules = ("openvino",)

    def __init__(self, cell):
        import openvino
        from openvino.frontend.onnx import ConversionExtension
        self.version = openvino.__version__.split("-")[0]
        core = openvino.Core()
        core.add_extension(ConversionExtension("DeformConv", openvino_deform_conv))
        core.add_extension(ConversionExtension("deform_ps_roi_pool", "dcngen", openvino_pool))
        compiled = core.compile_model(core.read_model(cell.path("custom.onnx")), "CPU", {
            "INFERENCE_NUM_THREADS": cell.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32"})
        self.request = compiled.create_infer_request()
        self.inputs, self.names = cell.inputs, cell.names

    def run(self):
        self.y = self.request.infer(self.inputs, share_inputs=True, share_outputs=True)

    def outputs(self):
        return [self.y[name] for name in self.names]


ROWS = {
    "dcngen": ("dcngen", Dcngen),
    "torch": ("torch", Torch),
    "torch_last": ("torch, channels_last", TorchLast),
    "torch_depthwise": ("torch, core by deform_conv2d", TorchDepthwise),
    "torch_patched": ("torch, dcngen.torch.patch", TorchPatched),
    "onnxruntime": ("ONNX Runtime", OnnxRuntime),
    "openvino": ("OpenVINO", OpenVino),
    "torch_plain": ("torch, plain ResNet-50", TorchPlain),
    "torch_plain_last": ("torch, plain ResNet-50, channels_last", TorchPlainLast),
}


# ---- a process -----------------------------------------------------------------------------------

def say(**answer):
    os.write(answer_fd, (json.dumps(answer) + "\n").encode())


def run(row, rest):
    start = time.perf_counter_ns()
    for _ in range(max(1, int(rest))):
        row.run()
    say(ns=(time.perf_counter_ns() - start) / max(1, int(rest)))


def write(row, rest):
    np.savez(rest, *map(np.ascontiguousarray, row.outputs()))
    say()


def open_row(name, folder, threads):
    """What computes, after it has run, and by how much the process has grown at the peak of a run."""
    kind, cell = ROWS[name][1], Cell(folder, threads)
    kind.load()
    before = mark()
    row = kind(cell)
    row.run()
    mark()
    row.run()
    return row, max(0, status("VmHWM") - before)


def work(name, folder, threads):
    try:
        row, grown = open_row(name, folder, threads)
    except ImportError as e:
        return say(missing=str(e).splitlines()[0])
    except Exception as e:  # a library may throw anything; the comparison goes on without it
        return say(error=f"{type(e).__name__}: {e}".splitlines()[0])
    say(ready=True, version=row.version, note=getattr(row, "note", ""), rss_bytes=grown)
    verbs = {"run": run, "write": write}
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        try:
            verbs[verb](row, rest)
        except Exception as e:
            return say(error=f"{type(e).__name__}: {e}".splitlines()[0])
    return None


def main():
    if sys.argv[1] == "make":
        params = dict(word.split("=") for word in sys.argv[4:])
        make(sys.argv[2], sys.argv[3], {k: int(v) for k, v in params.items()})
    else:
        work(sys.argv[1], sys.argv[2], int(sys.argv[3]))


# Libraries print to standard output as they please: answers go to a copy of it.
if __name__ == "__main__":
    answer_fd = os.dup(1)
    os.dup2(2, 1)
    main()
