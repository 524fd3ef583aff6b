"""network_models.py: the networks of examples/networks as PyTorch modules, of torch's and torchvision's primitives.

state_dicts have the names of the originals; network_parameters.py fills them.

SPDX-License-Identifier: Apache-2.0
"""
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from network_export import Pool, Trt

deform_conv2d = torchvision.ops.deform_conv2d


# ---- ResNet-50 -----------------------------------------------------------------------------------

class ModulatedPack(nn.Module):
    """mmcv's ModulatedDeformConv2dPack: offsets and masks of a convolution of the same input."""

    def __init__(self, channels, stride):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, 3, 3))
        self.conv_offset = nn.Conv2d(channels, 27, 3, stride, 1)
        self.stride = stride

    def forward(self, x):
        dy, dx, mask = torch.chunk(self.conv_offset(x), 3, 1)
        offset = torch.cat((dy, dx), 1)
        return deform_conv2d(x, offset, self.weight, None, self.stride, 1, 1, torch.sigmoid(mask))


def resnet50(deformable=True):
    """torchvision's, the 3x3 convolutions of layer2 to layer4 deformable."""
    model = torchvision.models.resnet50()
    for layer in (model.layer2, model.layer3, model.layer4) if deformable else ():
        for block in layer:
            block.conv2 = ModulatedPack(block.conv2.in_channels, block.conv2.stride[0])
    return model


# ---- InternImage ---------------------------------------------------------------------------------

def dcnv3_core_pytorch(x, offset, mask, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
                       dilation_h, dilation_w, group, group_channels, offset_scale, remove_center=0):
    """The core of DCNv3 as InternImage computes it where there is no CUDA, and called as there, so that
    dcngen.torch.patch("DCNv3") finds it; of 3x3 taps, which run column by column."""
    n, h, w, c = x.shape
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    taps = torch.tensor([(i - 1, j - 1) for i in range(3) for j in range(3)], dtype=x.dtype)
    at = torch.stack((columns, rows), -1).reshape(1, h * w, 1, 1, 2).to(x.dtype) + taps
    at = at + offset.reshape(n, h * w, group, 9, 2)
    at = (2 * at + 1) / torch.tensor((w, h), dtype=x.dtype) - 1
    at = at.transpose(1, 2).reshape(n * group, h * w, 9, 2)
    maps = x.reshape(n, h * w, c).transpose(1, 2).reshape(n * group, group_channels, h, w)
    seen = F.grid_sample(maps, at, "bilinear", "zeros", align_corners=False)
    mask = mask.reshape(n, h * w, group, 9).transpose(1, 2).reshape(n * group, 1, h * w, 9)
    return (seen * mask).sum(-1).reshape(n, c, h * w).transpose(1, 2).reshape(n, h, w, c)


def grid_sample_core(x, offset, mask, groups):
    each = x.shape[3] // groups
    return dcnv3_core_pytorch(x, offset, mask, 3, 3, 1, 1, 1, 1, 1, 1, groups, each, 1.0)


# What torchvision calls tap (row, column) of 3x3 is tap (column, row) of DCNv3.
TRANSPOSED = [3 * (k % 3) + k // 3 for k in range(9)]


def deform_conv_core(x, offset, mask, groups):
    """DCNv3's core as a depthwise deformable convolution of ones."""
    n, h, w, c = x.shape
    offset = offset.reshape(n, h, w, groups, 9, 2)[..., TRANSPOSED, :].flip(-1)
    mask = mask.reshape(n, h, w, groups, 9)[..., TRANSPOSED]
    offset, mask = (t.reshape(n, h, w, -1).permute(0, 3, 1, 2) for t in (offset, mask))
    ones = torch.ones(c, 1, 3, 3, dtype=x.dtype)
    y = deform_conv2d(x.permute(0, 3, 1, 2), offset, ones, padding=1, mask=mask)
    return y.permute(0, 2, 3, 1)


CORES = {"grid_sample": grid_sample_core, "deform_conv2d": deform_conv_core, "trt": Trt.apply}


class ToLast(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1)


class ToFirst(nn.Module):
    def forward(self, x):
        return x.permute(0, 3, 1, 2)


class Dcnv3(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.groups, self.core = groups, "grid_sample"
        conv = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)
        norm = nn.Sequential(ToLast(), nn.LayerNorm(channels, eps=1e-6))
        self.dw_conv = nn.Sequential(conv, norm, nn.GELU())
        self.offset, self.mask = nn.Linear(channels, groups * 18), nn.Linear(channels, groups * 9)
        self.input_proj = nn.Linear(channels, channels)
        self.output_proj = nn.Linear(channels, channels)

    def forward(self, x):
        n, h, w, _ = x.shape
        features = self.dw_conv(x.permute(0, 3, 1, 2))
        mask = self.mask(features).reshape(n, h, w, self.groups, 9)
        mask = F.softmax(mask, -1).reshape(n, h, w, -1)
        core = CORES[self.core]
        return self.output_proj(core(self.input_proj(x), self.offset(features), mask, self.groups))


class Mlp(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


def layer_norm(channels):
    return nn.Sequential(nn.LayerNorm(channels, eps=1e-6))


class Block(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.norm1, self.dcn = layer_norm(channels), Dcnv3(channels, groups)
        self.norm2, self.mlp = layer_norm(channels), Mlp(channels)
        self.gamma1, self.gamma2 = (nn.Parameter(torch.ones(channels)) for _ in range(2))

    def forward(self, x):
        x = x + self.gamma1 * self.dcn(self.norm1(x))
        return x + self.gamma2 * self.mlp(self.norm2(x))


class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, 2 * channels, 3, 2, 1, bias=False)
        self.norm = nn.Sequential(ToLast(), nn.LayerNorm(2 * channels, eps=1e-6))

    def forward(self, x):
        return self.norm(self.conv(x.permute(0, 3, 1, 2)))


class Level(nn.Module):
    def __init__(self, channels, depth, groups, last):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(channels, groups) for _ in range(depth)))
        self.norm = layer_norm(channels)
        self.downsample = nn.Identity() if last else Downsample(channels)

    def forward(self, x):
        return self.downsample(self.norm(self.blocks(x)))


class Stem(nn.Module):
    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.conv1 = nn.Conv2d(3, half, 3, 2, 1)
        self.norm1 = nn.Sequential(ToLast(), nn.LayerNorm(half, eps=1e-6), ToFirst())
        self.conv2 = nn.Conv2d(half, channels, 3, 2, 1)
        self.norm2 = nn.Sequential(ToLast(), nn.LayerNorm(channels, eps=1e-6))

    def forward(self, x):
        return self.norm2(self.conv2(F.gelu(self.norm1(self.conv1(x)))))


class InternImage(nn.Module):
    def __init__(self, channels=64, depths=(4, 4, 18, 4), groups=(4, 8, 16, 32)):
        super().__init__()
        self.patch_embed = Stem(channels)
        self.levels = nn.Sequential(*(
            Level(channels << i, depth, groups[i], i == len(depths) - 1) for i, depth in enumerate(depths)))
        last = channels << (len(depths) - 1)
        wide = last * 3 // 2
        conv = nn.Conv2d(last, wide, 1, bias=False)
        self.conv_head = nn.Sequential(conv, nn.BatchNorm2d(wide), nn.GELU())
        self.head = nn.Linear(wide, 1000)

    def forward(self, x):
        x = self.conv_head(self.levels(self.patch_embed(x)).permute(0, 3, 1, 2))
        return self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))

    def use_core(self, name):
        for module in self.modules():
            if isinstance(module, Dcnv3):
                module.core = name
        return self


# ---- BasicVSR++ ----------------------------------------------------------------------------------

class Alignment(nn.Module):
    """SecondOrderDeformableAlignment."""

    def __init__(self, channels=64, groups=16, reach=10):
        super().__init__()
        self.reach = reach
        self.weight = nn.Parameter(torch.empty(channels, 2 * channels, 3, 3))
        self.bias = nn.Parameter(torch.empty(channels))
        sizes = [3 * channels + 4, channels, channels, channels, 27 * groups]
        layers = []
        for i in range(4):
            layers += [nn.Conv2d(sizes[i], sizes[i + 1], 3, 1, 1), nn.LeakyReLU(0.1)]
        self.conv_offset = nn.Sequential(*layers[:-1])

    def forward(self, x, extra_feat, flow_1, flow_2):
        out = self.conv_offset(torch.cat((extra_feat, flow_1, flow_2), 1))
        o1, o2, mask = torch.chunk(out, 3, 1)
        offset = self.reach * torch.tanh(torch.cat((o1, o2), 1))
        parts = torch.chunk(offset, 2, 1)
        moved = [part + flow.flip(1).repeat(1, part.size(1) // 2, 1, 1)
                 for part, flow in zip(parts, (flow_1, flow_2))]
        mask = torch.sigmoid(mask)
        return deform_conv2d(x, torch.cat(moved, 1), self.weight, self.bias, 1, 1, 1, mask)


# ---- BiRefNet ------------------------------------------------------------------------------------

class DeformableConv2d(nn.Module):
    def __init__(self, channels, out, kernel):
        super().__init__()
        self.padding = kernel // 2
        self.offset_conv = nn.Conv2d(channels, 2 * kernel * kernel, kernel, 1, self.padding)
        self.modulator_conv = nn.Conv2d(channels, kernel * kernel, kernel, 1, self.padding)
        self.regular_conv = nn.Conv2d(channels, out, kernel, 1, self.padding, bias=False)

    def forward(self, x):
        mask = 2.0 * torch.sigmoid(self.modulator_conv(x))
        return deform_conv2d(x, self.offset_conv(x), self.regular_conv.weight, None, 1, self.padding, 1, mask)


class AsppBranch(nn.Module):
    def __init__(self, channels, out, kernel):
        super().__init__()
        self.atrous_conv = DeformableConv2d(channels, out, kernel)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x):
        return F.relu(self.bn(self.atrous_conv(x)))


class AsppDeformable(nn.Module):
    def __init__(self, channels, branch=256):
        super().__init__()
        self.aspp1 = AsppBranch(channels, branch, 1)
        self.aspp_deforms = nn.ModuleList(AsppBranch(channels, branch, k) for k in (1, 3, 7))
        self.global_avg_pool = nn.Sequential(
            nn.AdaptiveAvgPool2d((1, 1)), nn.Conv2d(channels, branch, 1, bias=False),
            nn.BatchNorm2d(branch), nn.ReLU())
        self.conv1 = nn.Conv2d(5 * branch, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)

    def forward(self, x):
        parts = [self.aspp1(x), *(branch(x) for branch in self.aspp_deforms)]
        mean = self.global_avg_pool(x)
        parts.append(F.interpolate(mean, size=x.shape[2:], mode="bilinear", align_corners=True))
        return F.relu(self.bn1(self.conv1(torch.cat(parts, 1))))


class DecoderBlock(nn.Module):
    def __init__(self, channels, out, inner=64):
        super().__init__()
        self.conv_in, self.bn_in = nn.Conv2d(channels, inner, 3, 1, 1), nn.BatchNorm2d(inner)
        self.dec_att = AsppDeformable(inner)
        self.conv_out, self.bn_out = nn.Conv2d(inner, out, 3, 1, 1), nn.BatchNorm2d(out)

    def forward(self, x):
        return self.bn_out(self.conv_out(self.dec_att(F.relu(self.bn_in(self.conv_in(x))))))


class Lateral(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        return self.conv(x)


class Decoder(nn.Module):
    """BiRefNet's, without the branches that look at the picture."""

    def __init__(self, channels=(3072, 1536, 768, 384)):
        super().__init__()
        out = [*channels[1:], channels[3] // 2]
        for level, (c, o) in zip((4, 3, 2, 1), zip(channels, out)):
            setattr(self, f"decoder_block{level}", DecoderBlock(c, o))
        for level, c in zip((4, 3, 2), out):
            setattr(self, f"lateral_block{level}", Lateral(c))
            setattr(self, f"gdt_convs_{level}", nn.Sequential(
                nn.Conv2d(c, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU()))
            setattr(self, f"gdt_convs_attn_{level}", nn.Sequential(nn.Conv2d(16, 1, 1)))
        self.conv_out1 = nn.Sequential(nn.Conv2d(out[3], 1, 1))

    def up(self, x, size):
        return F.interpolate(x, size=size, mode="bilinear", align_corners=True)

    def forward(self, x4, x3, x2, x1):
        p = x4
        for level, finer in ((4, x3), (3, x2), (2, x1)):
            part = lambda name: getattr(self, f"{name}{level}")
            p = part("decoder_block")(p)
            p = p * part("gdt_convs_attn_")(part("gdt_convs_")(p)).sigmoid()
            p = self.up(p, finer.shape[2:]) + part("lateral_block")(finer)
        size = x1.shape[2] * 4, x1.shape[3] * 4
        return self.conv_out1(self.up(self.decoder_block1(p), size))


# ---- R-FCN ---------------------------------------------------------------------------------------

def deform_ps_roi_pool(x, rois, trans, bins=7, samples=4, scale=1 / 16, std=0.1):
    """Deformable ConvNets' operator with as many groups as bins; trans[R, 2 * classes, bins, bins], x before y."""
    n, c, h, w = x.shape
    count, out = len(rois), c // bins**2
    first = torch.floor(rois[:, 1:3] + 0.5) * scale - 0.5
    last = (torch.floor(rois[:, 3:5] + 0.5) + 1) * scale - 0.5
    size = (last - first).clamp(min=0.1)                       # [R, x y]
    step = torch.arange(bins, dtype=x.dtype)
    sub = torch.arange(samples, dtype=x.dtype)
    at = []
    for axis in range(2):
        along = step if axis == 0 else step[:, None]           # of bins, [row, column]
        bin_size = size[:, axis] / bins
        start = first[:, axis, None, None] + along * bin_size[:, None, None]
        start = start.expand(count, bins, bins)[:, None]
        if trans is not None:
            start = start + trans[:, axis::2] * std * size[:, axis, None, None, None]
        inner = sub * (bin_size / samples)[:, None]
        at.append((start, inner))
    xs = (at[0][0][..., None] + at[0][1][:, None, None, None])[..., None, :]
    ys = (at[1][0][..., None] + at[1][1][:, None, None, None])[..., None]
    xs, ys = torch.broadcast_tensors(xs, ys)                   # [R, classes, bins, bins, samples, samples]
    inside = (xs >= -0.5) & (xs <= w - 0.5) & (ys >= -0.5) & (ys <= h - 0.5)
    xs, ys = xs.clamp(0, w - 1), ys.clamp(0, h - 1)
    classes = xs.shape[1]
    per = out // classes
    maps = x.reshape(n, out, bins * bins, h * w)
    x0, y0 = xs.floor(), ys.floor()
    dx, dy = xs - x0, ys - y0
    total = 0
    image = rois[:, 0].long()
    channel = torch.arange(out).reshape(1, classes, per, 1, 1)
    cell = torch.arange(bins * bins).reshape(1, 1, 1, bins * bins, 1)
    for row, wy in ((y0, 1 - dy), (ys.ceil(), dy)):
        for column, wx in ((x0, 1 - dx), (xs.ceil(), dx)):
            pixel = (row * w + column).long().reshape(count, classes, 1, bins * bins, samples**2)
            found = maps[image.reshape(-1, 1, 1, 1, 1), channel, cell, pixel]
            weight = (wy * wx * inside).reshape(count, classes, 1, bins * bins, samples**2)
            total = total + (found * weight).sum(-1)
    valid = inside.reshape(count, classes, 1, bins * bins, samples**2).sum(-1)
    return (total / valid.clamp(min=1)).reshape(count, out, bins, bins)


class RfcnHead(nn.Module):
    def __init__(self, classes=21):
        super().__init__()
        self.exporting, self.classes = False, classes
        self.conv_new_1 = nn.Conv2d(2048, 1024, 1)
        self.rfcn_cls, self.rfcn_bbox = nn.Conv2d(1024, 49 * classes, 1), nn.Conv2d(1024, 49 * 8, 1)
        self.rfcn_cls_offset_t = nn.Conv2d(1024, 98 * classes, 1)
        self.rfcn_bbox_offset_t = nn.Conv2d(1024, 98, 1)

    def pool(self, x, rois, trans=None, classes=1):
        if self.exporting:
            return Pool.apply(x, rois, trans, classes)
        return deform_ps_roi_pool(x, rois, trans)

    def branch(self, x, rois, maps, offsets, classes):
        trans = self.pool(offsets(x), rois)
        return F.adaptive_avg_pool2d(self.pool(maps(x), rois, trans, classes), 1)

    def forward(self, features, rois):
        x = F.relu(self.conv_new_1(features))
        scores = self.branch(x, rois, self.rfcn_cls, self.rfcn_cls_offset_t, self.classes)
        return scores, self.branch(x, rois, self.rfcn_bbox, self.rfcn_bbox_offset_t, 1)
