"""dcngen in PyTorch: operators of other packages taken over, and functions of tensors.

    import dcngen.torch
    dcngen.torch.patch("torchvision")        # an unchanged model now runs dcngen's kernels on the CPU
    print(dcngen.torch.explain())            # which, for what, and why

SPDX-License-Identifier: Apache-2.0
"""

from .convolution import deform_conv2d
from .log import explain
from .patch import Patch, patch

__all__ = ["Patch", "deform_conv2d", "explain", "patch"]
