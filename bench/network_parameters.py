"""network_parameters.py: random parameters of PyTorch modules, and their names in the specs.

They come from a seed and have a size at which values neither die nor grow.

SPDX-License-Identifier: Apache-2.0
"""
import math
import re

import numpy as np
import torch
from torch import nn

OFFSETS = ("conv_offset.weight", "conv_offset.6.weight", "offset_conv.weight", ".offset.weight",
           "offset_t.weight")


@torch.no_grad()
def randomize(model, seed=1):
    """Weights by He, offsets of about a pixel, batch norms with statistics of their own."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda t, std, mean=0.0: t.copy_(mean + std * torch.randn(t.shape, generator=generator))
    for name, p in model.named_parameters():
        if p.dim() > 1:
            fan = p[0].numel()
            normal(p, math.sqrt((1 if name.endswith(OFFSETS) else 2) / fan))
        elif name.endswith("bias"):
            normal(p, 0.1)
        else:  # of norms, and layer scale: blocks add little to what they pass on
            normal(p, 0.1, 0.3 if name.endswith(("bn3.weight", "gamma1", "gamma2")) else 1.0)
    for name, b in model.named_buffers():
        if name.endswith("running_mean"):
            normal(b, 0.1)
        elif name.endswith("running_var"):
            b.copy_(0.5 + torch.rand(b.shape, generator=generator))
    return model.eval()


# Batch norms by the layer that they are folded into.
FOLDED = (
    (r"^(layer\d\.\d\.|)conv(\d)$", r"\1bn\2"), (r"^(layer\d\.\d\.downsample\.)0$", r"\g<1>1"),
    (r"^conv_head\.0$", "conv_head.1"), (r"^(.*)\.conv_(in|out)$", r"\1.bn_\2"),
    (r"^(.*)\.atrous_conv\.regular_conv$", r"\1.bn"), (r"^(.*\.global_avg_pool)\.1$", r"\1.2"),
    (r"^(.*\.dec_att)\.conv1$", r"\1.bn1"), (r"^(gdt_convs_\d)\.0$", r"\1.1"),
)
# Names of the spec that are not those of the state_dict.
RENAMED = ((r"\.(gamma\d)$", r".\1.weight"), (r"^(weight|bias)$", r"dcn.\1"))


def _norm_of(name, modules):
    for pattern, norm in FOLDED:
        found = re.sub(pattern, norm, name) if re.match(pattern, name) else None
        if isinstance(modules.get(found), nn.BatchNorm2d):
            return found
    return None


def parameters(model):
    """Arrays by the names of the spec."""
    modules, found = dict(model.named_modules()), {}
    norms = {name: _norm_of(name, modules) for name in modules}
    for name, norm in norms.items():
        if norm:
            bn = modules[norm]
            scale = (bn.weight.double() / torch.sqrt(bn.running_var.double() + bn.eps)).detach()
            found[name + ".scale"] = scale.numpy()
            found[name + ".shift"] = (bn.bias.double() - bn.running_mean.double() * scale).detach().numpy()
    folded = tuple(norm + "." for norm in norms.values() if norm)
    for name, p in model.named_parameters():
        if not name.startswith(folded) if folded else True:
            for pattern, text in RENAMED:
                name = re.sub(pattern, text, name)
            found[name] = p.detach().numpy()
    return {name: np.ascontiguousarray(x, np.float32) for name, x in found.items()}
