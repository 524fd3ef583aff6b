"""dcngen in PyTorch: operators of other packages taken over, functions of tensors, layers.

    import dcngen.torch
    dcngen.torch.patch("torchvision")        # an unchanged model now runs dcngen's kernels on the CPU
    print(dcngen.torch.explain())            # which, for what, and why

SPDX-License-Identifier: Apache-2.0
"""

from .aggregation import dcnv3, dcnv4
from .convolution import deform_conv2d
from .layers import DeformConv2d, DeformConv2dPack, ModulatedDeformConv2dPack
from .log import explain
from .modules import DCNv3, DCNv4, DeformRoIPool
from .optimize import optimize
from .patch import Patch, patch
from .pooling import deform_roi_pool
from .visualize import visualize

__all__ = [
    "DCNv3",
    "DCNv4",
    "DeformConv2d",
    "DeformConv2dPack",
    "DeformRoIPool",
    "ModulatedDeformConv2dPack",
    "Patch",
    "dcnv3",
    "dcnv4",
    "deform_conv2d",
    "deform_roi_pool",
    "explain",
    "optimize",
    "patch",
    "visualize",
]
