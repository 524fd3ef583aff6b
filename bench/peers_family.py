"""peers_family.py: the other implementations of DCNv3's and DCNv4's cores and of pooling regions.

No library has these cores for CPUs.  What people run is grid_sample, as InternImage falls back to
where its CUDA extension is missing; and a DeformConv can be made to do it: a depthwise one, its
weights all one.

A point p of DCNv3 is the tap in row j, column i of its kernel, columns first; a pixel of the output
in row r, column q looks at

    X = q*sw - pw + c*(1 - s) + (i*dw + x)*s,   c = dw*(kw-1) div 2,   Y likewise,

where x, y is its offset and s offset_scale.  DCNv4 looks at the same, but hands on one tensor, for
each group its 2*K' offsets and then its K' masks.

SPDX-License-Identifier: Apache-2.0
"""
import numpy as np

from peers import OnnxRuntime


def softmax(logits, axis):
    e = np.exp(logits - logits.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


class Points:
    """The points of a core, in its order."""

    def __init__(self, p):
        kh, kw = p.kernel
        self.taps = [(j, i) for i in range(kw) for j in range(kh)
                     if not (p.remove_center and (j, i) == (kh // 2, kw // 2))]
        self.problem = p
        self.count = len(self.taps)

    def given(self):
        """Offsets [N, G, K', 2, P, Q], and masks or their logits [N, G, K', P, Q]."""
        p, packed = self.problem, self.problem.array("offset_mask")
        shape = (p.batch, p.offset_groups, -1, p.out_height, p.out_width)
        if packed is None:
            offset, mask = (p.array(name).reshape(shape) for name in ("offset", "mask"))
        else:
            whole = packed[:, :3 * self.count * p.offset_groups].reshape(shape)
            offset, mask = np.split(whole, [2 * self.count], 2)
        return offset.reshape(*shape[:2], self.count, 2, *shape[3:]), mask

    def grid(self, axis):
        """Where the points of axis 0 (rows) or 1 lie without offsets, from the output's: [K']."""
        p = self.problem
        centre = p.dilation[axis] * (p.kernel[axis] - 1) // 2
        at = [centre * (1 - p.offset_scale) + tap[axis] * p.dilation[axis] * p.offset_scale
              for tap in self.taps]
        return np.array(at) - p.padding[axis]


class TorchCore:
    """grid_sample on each group, softmax and sum over the points; all maps nhwc, as upstream's."""
    fresh_output = True

    def __init__(self, p, threads):
        import torch
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.version = torch.__version__
        points, size = Points(p), (p.width, p.height)
        offset, logits = points.given()
        self.x, self.offset, self.logits = (
            torch.from_numpy(np.ascontiguousarray(a.transpose(order)))
            for a, order in ((p.array("input"), (0, 2, 3, 1)), (offset, (0, 4, 5, 1, 2, 3)),
                             (logits, (0, 3, 4, 1, 2))))
        self.problem, self.softmax = p, p.modulation == "softmax"
        # grid_sample wants -1 at the left edge of the first pixel and 1 at the right of the last
        rows = np.arange(p.out_height)[:, None, None] * p.stride[0] + points.grid(0)
        columns = np.arange(p.out_width)[None, :, None] * p.stride[1] + points.grid(1)
        at = np.stack(np.broadcast_arrays(columns, rows), -1)
        at = (2 * at + 1) / size - 1
        self.at = torch.from_numpy(at.reshape(1, -1, 1, points.count, 2).astype(np.float32))
        self.step = torch.tensor([2 * p.offset_scale / n for n in size], dtype=torch.float32)

    def run(self):
        import torch
        p, points = self.problem, self.at.shape[3]
        n, g, pixels = p.batch, p.offset_groups, p.out_height * p.out_width
        x = self.x.view(n, p.height * p.width, -1).transpose(1, 2)
        x = x.reshape(n * g, -1, p.height, p.width)
        at = self.at + self.offset.view(n, pixels, g, points, 2) * self.step
        at = at.transpose(1, 2).reshape(n * g, pixels, points, 2)
        mask = self.logits.view(n, pixels, g, points)
        if self.softmax:
            mask = torch.softmax(mask, -1)
        mask = mask.transpose(1, 2).reshape(n * g, 1, pixels, points)
        sampled = torch.nn.functional.grid_sample(x, at, "bilinear", "zeros", align_corners=False)
        y = (sampled * mask).sum(-1).view(n, -1, pixels)
        self.y = y.transpose(1, 2).reshape(n, p.out_height, p.out_width, -1).contiguous()

    def output(self):
        return self.y.permute(0, 3, 1, 2).contiguous().numpy()


class OnnxRuntimeCore(OnnxRuntime):
    """A depthwise DeformConv; operands turned to nchw, reordered and softmaxed beforehand."""

    def graph(self, p):
        points, s = Points(p), p.offset_scale
        kh, kw = p.kernel
        n, g, size = p.batch, p.offset_groups, (p.out_height, p.out_width)
        given, logits = points.given()
        if p.modulation == "softmax":
            logits = softmax(logits, 2)
        offset = np.zeros((n, g, kh * kw, 2, *size), np.float32)
        mask = np.zeros((n, g, kh * kw, *size), np.float32)
        for k, (j, i) in enumerate(points.taps):
            for axis, tap in ((0, j), (1, i)):
                moved = points.grid(axis)[k] + p.padding[axis] - tap * p.dilation[axis]
                offset[:, :, j * kw + i, axis] = given[:, :, k, 1 - axis] * s + moved
            mask[:, :, j * kw + i] = logits[:, :, k]
        node = ("DeformConv", ["input", "weight", "offset", "", "mask"],
                {"kernel_shape": p.kernel, "strides": p.stride, "dilations": p.dilation,
                 "pads": p.padding, "group": p.in_channels, "offset_group": g})
        fed = {"input": p.array("input"), "offset": offset.reshape(n, -1, *size),
               "mask": mask.reshape(n, -1, *size)}
        return node, fed, {"weight": np.ones((p.in_channels, 1, kh, kw), np.float32)}


class TorchvisionAlign:
    fresh_output = True

    def __init__(self, p, threads):
        import torch
        import torchvision
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.version = torchvision.__version__
        x, rois = (torch.from_numpy(p.array(n)) for n in ("input", "rois"))
        self.call = lambda: torchvision.ops.roi_align(
            x, rois, (p.out_height, p.out_width), p.spatial_scale, p.sampling_ratio, aligned=True)

    def run(self):
        self.y = None  # a result of before is let go, as dcngen_worker writes to the same place
        self.y = self.call()

    def output(self):
        return self.y.numpy()


class OnnxRuntimeAlign(OnnxRuntime):
    def graph(self, p):
        rois = p.array("rois")
        node = ("RoiAlign", ["input", "rois", "images"],
                {"output_height": p.out_height, "output_width": p.out_width, "mode": "avg",
                 "sampling_ratio": max(0, p.sampling_ratio), "spatial_scale": p.spatial_scale,
                 "coordinate_transformation_mode": "half_pixel"})
        return node, {"input": p.array("input"), "rois": np.ascontiguousarray(rois[:, 1:]),
                      "images": rois[:, 0].astype(np.int64)}, {}


PEERS = {
    "torch_core": TorchCore,
    "onnxruntime_core": OnnxRuntimeCore,
    "torch_core4": TorchCore,
    "onnxruntime_core4": OnnxRuntimeCore,
    "torchvision_align": TorchvisionAlign,
    "onnxruntime_align": OnnxRuntimeAlign,
}
