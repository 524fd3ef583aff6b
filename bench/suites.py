"""suites.py: which kernels of dcngen meet which peers, on which workloads.

A suite is one way of reading the spec file, `-D op=...`, whose kernels are its workloads.  Rows of
one family compute the same and are compared with the output of dcngen's first kernel of it.

SPDX-License-Identifier: Apache-2.0
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Suite:
    title: str
    op: str  # its operands are the ones of all rows
    ours: dict  # name: (family, label, -D options); of a family nchw first, nhwc last
    peers: dict  # name: (family, label)
    main: str = ""  # the deformable kernel that all rows are compared with, whatever their family
    main_label: str = ""
    unit: str = ""  # what a time is also given by
    words: str = ""  # what is timed, where that is a question
    spec: str = "workloads.lua"  # beside this file
    ending: str = ""  # of the names of its workloads; the spec has others, too

    def references(self):
        first = {}
        for name, (family, _, _) in self.ours.items():
            first.setdefault(family, name)
        return first.values()

    def base_of(self, row):
        """The kernel of dcngen to compare with: same operator, same layout of the user."""
        own = [n for n, (family, _, _) in self.ours.items() if family == row["family"]]
        nhwc = row["name"].endswith("nhwc") or row["name"] in ("onednn", "torch_mkldnn")
        return own[-1 if nhwc else 0]

    def units(self, problem):
        """How many of the unit a run computes."""
        p = problem
        if self.unit == "ms":
            return 1e6
        each = p["out_channels"] if p["rois"] else p["offset_groups"]
        return (p["rois"] or p["batch"]) * p["out_height"] * p["out_width"] * each


def both(name, family, label, op):
    return {f"{name}_{layout}": (family, f"{label}, {layout}", (f"op={op}", f"layout={layout}"))
            for layout in ("nchw", "nhwc")}


SUITES = {
    "deform": Suite(
        "Convolutions", "deform_conv2d",
        both("dcngen", "deform", "dcngen", "deform_conv2d")
        | both("dcngen_plain", "plain", "dcngen conv2d", "conv2d"),
        {"openvino": ("deform", "OpenVINO"),
         "onnxruntime": ("deform", "ONNX Runtime"),
         "torchvision": ("deform", "torchvision"),
         "onednn": ("plain", "oneDNN, its own layout"),
         "onednn_nhwc": ("plain", "oneDNN, nhwc"),
         "openvino_plain": ("plain", "OpenVINO conv"),
         "torch": ("plain", "torch conv2d, nchw"),
         "torch_nhwc": ("plain", "torch conv2d, nhwc"),
         "torch_mkldnn": ("plain", "torch conv2d, mkldnn"),
         "openblas": ("plain", "OpenBLAS sgemm, nchw"),
         "openblas_nhwc": ("plain", "OpenBLAS sgemm, nhwc")},
        main="dcngen_nhwc", main_label="dcngen deformable nhwc"),
    "core": Suite(
        "DCNv3 core", "dcnv3",
        {"dcngen_core": ("core", "dcngen dcnv3", ("op=dcnv3",))},
        {"torch_core": ("core", "torch grid_sample"),
         "onnxruntime_core": ("core", "ONNX Runtime DeformConv")},
        unit="ns per (pixel, group)",
        words="The softmax of the mask is timed in dcngen and torch; ONNX Runtime is given its "
              "result, in nchw and in its own order of points."),
    "core4": Suite(
        "DCNv4 core", "dcnv4",
        {"dcngen_core4": ("core4", "dcngen dcnv4", ("op=dcnv4",))},
        {"torch_core4": ("core4", "torch grid_sample"),
         "onnxruntime_core4": ("core4", "ONNX Runtime DeformConv")},
        unit="ns per (pixel, group)",
        words="Offsets and masks are packed as DCNv4's module hands them on; torch is given them "
              "apart, ONNX Runtime also in nchw and in its own order of points."),
    "regions": Suite(
        "Pooling of regions", "deform_roi_pool",
        both("dcngen_align", "align", "dcngen roi_align", "roi_align")
        | both("dcngen_pool", "pool", "dcngen deform_roi_pool", "deform_roi_pool"),
        {"torchvision_align": ("align", "torchvision roi_align"),
         "onnxruntime_align": ("align", "ONNX Runtime RoiAlign")},
        main="dcngen_pool_nchw", main_label="dcngen deform_roi_pool, nchw",
        unit="ns per (bin, channel)",
        words="The peers have no offsets: their results are compared with dcngen's roi_align. "
              "deform_roi_pool, which moves as many samples by random offsets, is checked by the "
              "library's own reference."),
    "hosts": Suite(
        "dcngen in its hosts", "deform_conv2d",
        {"dcngen_nchw": ("deform", "dcngen bench, nchw", ("op=deform_conv2d", "layout=nchw"))},
        {"dcngen_numpy": ("deform", "dcngen, numpy"),
         "dcngen_torch": ("deform", "dcngen, torchvision's function"),
         "dcngen_torch_op": ("deform", "dcngen, torchvision's operator"),
         "dcngen_onnxruntime": ("deform", "dcngen, ONNX Runtime"),
         "torchvision": ("deform", "torchvision"),
         "onnxruntime": ("deform", "ONNX Runtime")},
        unit="ms"),
    "hosts_backward": Suite(
        "dcngen in PyTorch, backwards", "deform_conv2d",
        {"dcngen_backward": ("deform", "dcngen bench, nchw", ("op=deform_conv2d", "layout=nchw"))},
        {"dcngen_torch_backward": ("deform", "dcngen, torchvision's operator"),
         "torchvision_backward": ("deform", "torchvision")},
        unit="ms", spec="gradients.lua", ending="_grad"),
}
#: Those that are run where none is named; the others have workloads in common with them.
USUAL = ("deform", "core", "core4", "regions")
PEERS = {name: row for suite in SUITES.values() for name, row in suite.peers.items()}
OURS = {name for suite in SUITES.values() for name in suite.ours}
