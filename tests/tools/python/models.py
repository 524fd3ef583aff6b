"""What tests of models share.

SPDX-License-Identifier: Apache-2.0
"""

from torch import nn


def shake(module):
    """No parameter is 0, so that all of them matter; in float64, for inference."""
    for p in module.parameters():
        nn.init.normal_(p, std=0.3)
    for m in module.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.normal_(m.running_mean, std=0.3)
            nn.init.uniform_(m.running_var, 0.5, 2)
    return module.double().eval()
