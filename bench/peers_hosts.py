"""peers_hosts.py: dcngen as users call it, and the backward operator of torchvision without and with it.

SPDX-License-Identifier: Apache-2.0
"""
import numpy as np

from peers import OnnxRuntime, Torchvision


class Numpy:
    """dcngen.deform_conv2d of numpy arrays; its threads are OMP_NUM_THREADS."""
    fresh_output = True

    def __init__(self, p, threads):
        del threads
        import dcngen
        self.version = dcngen.__version__
        x, w, offset, mask = map(p.array, ("input", "weight", "offset", "mask"))
        self.call = lambda: dcngen.deform_conv2d(
            x, offset, w, None, tuple(p.stride), tuple(p.padding[:2]), tuple(p.dilation), mask)
        self.call()  # the kernel is compiled once

    def run(self):
        self.y = None  # a result of before is let go, as dcngen_worker writes to the same place
        self.y = self.call()

    def output(self):
        return self.y


def schema_operands(p):
    """Tensors by name, a mask and a bias where there are none, and what follows them in torchvision's operators."""
    import torch
    t = {n: torch.from_numpy(a) for n, a in p.arrays.items()}
    rest = (*p.stride, *p.padding[:2], *p.dilation, p.groups, p.offset_groups, "mask" in t)
    return t, t.get("mask", torch.zeros(1, 1)), torch.zeros(p.out_channels), rest


class PatchedTorchvision(Torchvision):
    """torchvision's own function, whose operator dcngen takes over."""

    def __init__(self, p, threads):
        import dcngen.torch
        dcngen.torch.patch("torchvision")
        super().__init__(p, threads)
        self.call()


class PatchedOperator(Torchvision):
    """The operator itself, without the function around it, which is torchvision's and in Python."""

    def __init__(self, p, threads):
        import dcngen.torch
        import torch
        dcngen.torch.patch("torchvision")
        super().__init__(p, threads)
        t, mask, bias, rest = schema_operands(p)
        op = torch.ops.torchvision.deform_conv2d
        self.call = lambda: op(t["input"], t["weight"], t["offset"], mask, bias, *rest)
        self.call()


class ProvidedOnnxRuntime(OnnxRuntime):
    """ONNX Runtime's model as it is, with dcngen's execution provider."""

    def open(self, onnxruntime, model, options):
        import dcngen.onnx
        dcngen.onnx.register(options)
        return onnxruntime.InferenceSession(model, options)


class TorchvisionBackward:
    """All gradients; output() is that of the input."""
    fresh_output = True

    def __init__(self, p, threads):
        import torch
        import torchvision
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.version = torchvision.__version__
        t, mask, bias, rest = schema_operands(p)
        op = torch.ops.torchvision._deform_conv2d_backward
        self.call = lambda: op(
            t["grad_output"], t["input"], t["weight"], t["offset"], mask, bias, *rest)

    def run(self):
        self.y = None
        self.y = self.call()

    def output(self):
        return np.ascontiguousarray(self.y[0].numpy())


class PatchedTorchvisionBackward(TorchvisionBackward):
    def __init__(self, p, threads):
        import dcngen.torch
        dcngen.torch.patch("torchvision")
        super().__init__(p, threads)
        self.call()


PEERS = {
    "dcngen_numpy": Numpy,
    "dcngen_torch": PatchedTorchvision,
    "dcngen_torch_op": PatchedOperator,
    "dcngen_onnxruntime": ProvidedOnnxRuntime,
    "torchvision_backward": TorchvisionBackward,
    "dcngen_torch_backward": PatchedTorchvisionBackward,
}
